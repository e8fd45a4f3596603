"""What of ours needs a person's look: raised once per subject, counted while it lasts, cleared when mended or seen."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import audit
from comms.models import Alarm
from lib import clock
from lib.errors import Refused


def raise_alarm(code: str, subject: str, words: str, *, now: datetime | None = None) -> Alarm:
    """The open alarm of this subject, made or counted up."""
    now = now or clock.now()
    still_open = Alarm.objects.filter(code=code, subject=subject, cleared_at=None)
    if not still_open.update(count=F("count") + 1, last_at=now, words=words):
        try:
            with transaction.atomic():
                return Alarm.objects.create(code=code, subject=subject, words=words, raised_at=now, last_at=now)
        except IntegrityError:  # another worker was faster
            still_open.update(count=F("count") + 1, last_at=now, words=words)
    return still_open.get()


def clear(code: str, subject: str, *, now: datetime | None = None) -> bool:
    """The cause is gone by itself; whether there was an open one."""
    return Alarm.objects.filter(code=code, subject=subject, cleared_at=None).update(cleared_at=now or clock.now()) > 0


def seen(alarm: Alarm, *, actor: Any, request: Any = None) -> None:
    """A person has looked and takes it from the red strip. A second time changes nothing. Raises Refused for what a decision alone ends."""
    if alarm.code == Alarm.Code.HELD:
        raise Refused(_("Send or drop what is held; the strip goes with that."))
    with transaction.atomic():
        if Alarm.objects.filter(pk=alarm.pk, cleared_at=None).update(cleared_at=clock.now(), cleared_by=actor):
            audit.record("comms.alarm_seen", actor=actor, target=f"{alarm.code}: {alarm.subject}", request=request)
