"""What each reading of the paper does to the headline comparison: plan, rewards, effects."""
