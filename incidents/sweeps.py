"""What the core owes to time: late steps, broken clocks, lapsed acknowledgements, reactions to try again."""

from incidents import reactions
from incidents.deadlines import sweep_steps

__all__ = ["retry_reactions", "sweep_steps"]


def retry_reactions() -> int:
    """Try failed reactions that are due; returns how many."""
    return reactions.retry()
