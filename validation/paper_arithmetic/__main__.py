"""``python -m validation.paper_arithmetic`` writes validation/PAPER_ARITHMETIC.md anew."""

from .report import write

print(write())
