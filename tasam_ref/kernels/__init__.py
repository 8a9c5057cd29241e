"""Numba kernels: arrays in, arrays out.  No randomness, no state, and no import from the rest of the package."""
