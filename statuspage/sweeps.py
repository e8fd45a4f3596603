"""What the statuspage room does by itself."""

from statuspage import editions


def publish() -> int:
    """Bring the public page's files up to what the rows say; returns how many editions were made."""
    return editions.publish()
