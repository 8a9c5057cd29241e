"""One update of all actors and the critic in this package, in PyTorch and in JAX: the same gradients, side by side."""
