"""Multi-agent soft actor-critic with selective SAM: replay, losses, TD-errors, and the trainer of Algorithm 1."""
