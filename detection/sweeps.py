"""What detection owes to time."""

from detection import refusals


def end_refusals() -> int:
    """End the portal's own alerts about refused requests once refusals have stopped; returns how many."""
    return refusals.end_quiet()
