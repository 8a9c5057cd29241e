"""What is compared: the paper's methods as data, and fixed policies as points of reference."""
