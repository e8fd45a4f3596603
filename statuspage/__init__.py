"""The public page: components, posts with their updates, and what the public may read of them."""
