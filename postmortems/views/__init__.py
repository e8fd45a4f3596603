"""The pages of post-mortems and action items."""
