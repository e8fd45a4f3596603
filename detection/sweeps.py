"""What detection owes to time."""

from detection import refusals, silences


def end_refusals() -> int:
    """End the portal's own alerts about refused requests once refusals have stopped; returns how many."""
    return refusals.end_quiet()


def sweep_silences() -> int:
    """Place what still fires when its silence is over; returns how many alerts."""
    return silences.place_owed()
