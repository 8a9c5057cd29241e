"""Verdicts on the paper's empirical claims: claims.toml, how each is measured, and the rule."""
