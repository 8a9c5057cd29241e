"""What is compared: the paper's SAM variants as data, and fixed policies as points of reference."""
