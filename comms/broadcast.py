"""Hands an announcement to the outbox: one INSERT … SELECT over its readers, outside the incident's transaction."""

import logging
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Case, Count, F, Value, When
from django.db.models.functions import Cast, Concat

from comms import announcements, channels, holding, obligations
from comms.models import Announcement, Delivery, Priority, Subscriber
from comms.outbox import SWEEP
from incidents import lifecycle, timeline
from lib import leases
from lib.db import retried
from lib.failpoints import hit
from lib.nudge import nudge

logger = logging.getLogger(__name__)

KIND = "users.announcement"
WORTH = timedelta(hours=24)  # later it says nothing new
LEASE_SECONDS, BATCH = 60.0, 5
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0  # seconds
State = Announcement.State


def work(now: datetime) -> int:
    """Let go what has waited its minute; a failed one is tried again, longer apart each time, and shows in `audit.invariants`."""
    if holding.current() is not None:
        return 0
    claimed = leases.claim(announcements.leaving(now), seconds=LEASE_SECONDS, limit=BATCH)
    for row in claimed:
        try:
            _release(row, now)
        except Exception as error:
            logger.exception("announcement %s could not leave", row.pk)
            pause = min(FIRST_PAUSE * 2 ** min(row.attempts, 10), LONGEST_PAUSE)
            leases.settle(row, leaves_at=now + timedelta(seconds=pause), error=repr(error)[:500])
    return len(claimed)


def _release(row: Announcement, now: datetime) -> None:
    if row.state == State.WAITING:
        _hand_over(row, now)
        hit("comms.after_broadcast")
    _note(row, now)


@retried
def _hand_over(row: Announcement, now: datetime) -> None:
    """The deliveries and the end of the minute, in one transaction: whoever undoes it later is told that it has left."""
    with transaction.atomic():
        if not Announcement.objects.filter(pk=row.pk, state=State.WAITING, lease_token=row.lease_token, leaves_at=row.leaves_at).update(
            state=State.SENDING, attempts=0, error=""
        ):
            return  # it was taken back meanwhile, and may wait anew
        row.refresh_from_db(fields=["words"])
        incident = row.incident
        if not incident.is_imported:
            _insert(row, is_exercise=incident.is_drill, now=now)
        readers = dict(row.deliveries.order_by().values_list("language").annotate(Count("id")))
        Announcement.objects.filter(pk=row.pk).update(readers=readers, sent_at=now)
    nudge(SWEEP)


def _insert(row: Announcement, *, is_exercise: bool, now: datetime) -> None:
    """One row per reader; existing keys are left alone."""
    text = models.CharField()
    way = Case(When(channel=Subscriber.Channel.WEBHOOK, then=Value(channels.WEBHOOK)), default=Value(channels.for_mail()), output_field=text)
    number, host = Cast("pk", text), urlsplit(settings.SITE_URL).hostname or "localhost"
    values: dict[str, Any] = {
        "key": Concat(Value(f"announcement:{row.pk}:"), number, output_field=text),
        "channel": Value(channels.RECORDER, output_field=text) if is_exercise else way,
        "kind": Value(KIND, output_field=text),
        "params": Cast(Value("{}"), models.JSONField()),
        "secret": Value("", output_field=text),
        "priority": Value(int(Priority.SUBSCRIBER)),
        "address": F("address"),
        "language": F("language"),
        "incident_id": Value(row.incident_id),
        "announcement_id": Value(row.pk),
        "subscriber_id": F("pk"),
        "is_exercise": Value(is_exercise, output_field=models.BooleanField()),
        "precondition": Value("", output_field=text),
        "created_at": Value(now, output_field=models.DateTimeField()),
        "not_before": Value(now, output_field=models.DateTimeField()),
        "expires_at": Value(now + WORTH, output_field=models.DateTimeField()),
        "state": Value(Delivery.State.DUE.value, output_field=text),
        "is_ambiguous": Value(False, output_field=models.BooleanField()),
        "message_id": Concat(Value(f"<{row.salt}."), number, Value(f"@{host}>"), output_field=text),
        "subject": Value("", output_field=text),
        "body": Value("", output_field=text),
        "answer": Value("", output_field=text),
        "lease_token": Value("", output_field=text),
        "attempts": Value(0),
    }
    named = {f"into_{name}": value for name, value in values.items()}
    readers = Subscriber.objects.hearing_of(announcements.heard(row.words)).order_by("pk").annotate(**named).values_list(*named)
    sql, params = readers.query.sql_with_params()
    columns = ", ".join(connection.ops.quote_name(name) for name in values)
    table = connection.ops.quote_name(Delivery._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) {sql} ON CONFLICT (key) DO NOTHING", params)


@retried
def _note(row: Announcement, now: datetime) -> None:
    """Tell the incident that it has left: that keeps what was owed, and starts what was promised. Where nobody subscribes it says that
    instead, which ticks no step. One that was stopped tells nothing, and it is no sign of life of who sent it."""
    with transaction.atomic():
        incident = lifecycle.hold(row.incident_id)
        fresh = Announcement.objects.get(pk=row.pk)
        if fresh.state != State.SENDING or not leases.settle(row, attempts=0):
            return
        Announcement.objects.filter(pk=row.pk, state=State.SENDING).update(state=State.SENT)
        kind = "comms.users_told" if sum(fresh.readers.values()) else obligations.NOBODY
        timeline.record(incident, kind, data=announcements.told_data(fresh, fresh.readers))
