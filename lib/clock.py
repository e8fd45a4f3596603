"""The only place that reads the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present in UTC, as the database sees it, moved by the test offset."""
    return datetime.now(UTC)
