"""The commands of ``tasam-ref``, a file for each kind: what it is asked with, and what it does."""
