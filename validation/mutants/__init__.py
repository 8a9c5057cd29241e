"""Wrong versions of the package's functions, and the hunt for them."""
