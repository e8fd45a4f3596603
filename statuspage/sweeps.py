"""What the statuspage room does by itself."""

from comms import holding
from statuspage import editions


def publish() -> int:
    """Bring the public page's files up to what the rows say. Returns 0: what changes meanwhile nudges again.

    Not after a restore, until a person has said what becomes of what was waiting: the public would read of another day.
    """
    if holding.current() is None:
        editions.publish()
    return 0
