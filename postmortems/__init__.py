"""What was learnt: post-mortems with versions and review, and their action items."""
