"""Pages of the console about the public page."""
