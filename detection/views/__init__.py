"""The pages of detection."""
