"""Alerts in: sources, correlation, candidates."""
