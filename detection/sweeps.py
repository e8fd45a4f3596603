"""What detection owes to time."""

from detection import refusals, restating, silences


def end_refusals() -> int:
    """End the portal's own alerts about refused requests once refusals have stopped; returns how many."""
    return refusals.end_quiet()


def sweep_silences() -> int:
    """Place what still fires when its silence is over; returns how many alerts."""
    return silences.place_owed()


def restate() -> int:
    """Set right what already came when a label got another meaning; returns how many alerts were looked at."""
    return restating.work()
