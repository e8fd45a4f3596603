"""Questions to the audit trail: the filters that page and API share."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from accounts.models import AuditEntry
from lib.errors import Refused

FILTERS = ("action", "person", "target", "since", "until")


def entries(wanted: dict[str, str], zone: str) -> Any:
    """The entries that `wanted` (action, person, target, since, until; empty ones aside) asks for; dates are days in `zone`.

    An action is itself or the first part of its name (`accounts`). Raises Refused (400) for a time that is none.
    """
    rows = AuditEntry.objects.all()
    if action := wanted.get("action"):
        rows = rows.filter(action=action) if "." in action else rows.filter(action__startswith=f"{action}.")
    if person := wanted.get("person"):
        # The console and the system have no person: “-” asks for them.
        rows = rows.filter(actor=None) if person == "-" else rows.filter(actor__username__iexact=person)
    if target := wanted.get("target"):
        rows = rows.filter(target__icontains=target)
    if since := wanted.get("since"):
        rows = rows.filter(at__gte=moment(since, zone))
    if until := wanted.get("until"):
        rows = rows.filter(at__lt=moment(until, zone, whole_day=True))
    return rows


def actions() -> list[str]:
    """The actions that occur, for the filter."""
    return list(AuditEntry.objects.order_by("action").values_list("action", flat=True).distinct())


def moment(word: str, zone: str, *, whole_day: bool = False) -> datetime:
    """A time, or a day in `zone` (its end for `whole_day`), as UTC."""
    try:
        if day := parse_date(word):
            return datetime.combine(day + timedelta(days=whole_day), time.min, ZoneInfo(zone)).astimezone(UTC)
        if at := parse_datetime(word.replace(" ", "+")):
            return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Refused(_("“%(word)s” is no time; write 2026-11-22 or 2026-11-22T03:00Z.") % {"word": word[:40]}, status=400)
