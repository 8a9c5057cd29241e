"""The mathematics of ``tasam_ref``, proven: every equation against an independent route to the same number."""
