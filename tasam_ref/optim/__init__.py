"""Optimisers for flat parameter vectors: Adam, SGD, sharpness-aware minimisation, schedules of its radius."""
