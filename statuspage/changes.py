"""Counts every change of what the public reads, in its own transaction, and wakes whoever publishes."""

from datetime import datetime

from django.db.models import F

from lib import clock
from lib.nudge import nudge
from statuspage.models import Revision

PUBLISH = "statuspage.publish"  # the sweep that makes files of a snapshot


def touch() -> None:
    """The public page has changed: call it in the transaction of the change, last."""
    values = {"number": F("number") + 1, "changed_at": clock.now()}
    if not Revision.objects.filter(pk=1).update(**values):
        Revision.objects.get_or_create(pk=1, defaults={"changed_at": clock.now()})
        Revision.objects.filter(pk=1).update(**values)
    nudge(PUBLISH)


def state() -> tuple[int, datetime | None]:
    """The number of changes so far, and when the last one was; (0, None) before the first."""
    return Revision.objects.filter(pk=1).values_list("number", "changed_at").first() or (0, None)
