"""Runs: their folder, training them, evaluating them, comparing them."""
