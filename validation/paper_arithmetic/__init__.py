"""The paper's own numbers: its tables against its text (N1-N4, N6), and its cost of an iteration (N5)."""
