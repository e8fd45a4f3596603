"""What templates of comms need."""
