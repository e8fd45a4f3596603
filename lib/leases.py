"""Claims on rows and on jobs: whoever holds the lease works, and only its holder may record the result."""

import os
import secrets
import socket
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import F, Q

from lib import clock
from lib.models import NamedLease


class Leased(models.Model):
    """A row that a sweep claims, works on outside the transaction and settles with its token as fence."""

    lease_until = models.DateTimeField(null=True, editable=False)
    lease_token = models.CharField(max_length=32, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)  # counted before the attempt, so a killer row dies too

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Leased)


def free(now: Any) -> Q:
    """The condition of rows that nobody holds at `now`."""
    return Q(lease_until=None) | Q(lease_until__lt=now)


def claim(rows: "models.QuerySet[Row]", *, seconds: float, limit: int) -> list[Row]:
    """Lease up to `limit` of the due `rows` for `seconds`; returns them with their token and the attempt counted.

    `rows` says what is due and in which order; held ones are left out here. Two workers never get the same row.
    """
    now = clock.now()
    token = secrets.token_hex(16)
    with transaction.atomic():
        due = rows.filter(free(now))
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self",))
        keys = list(due.values_list("pk", flat=True)[:limit])
        if not keys:
            return []
        model = rows.model
        model._base_manager.filter(free(now), pk__in=keys).update(lease_until=now + timedelta(seconds=seconds), lease_token=token, attempts=F("attempts") + 1)
        found = {row.pk: row for row in model._base_manager.filter(pk__in=keys, lease_token=token)}
        return [found[key] for key in keys if key in found]


def settle(row: Leased, **values: Any) -> bool:
    """Record `values` and give the lease back; False when the lease was lost meanwhile, and then nothing is written."""
    values = {"lease_until": None, "lease_token": "", **values}
    written = type(row)._base_manager.filter(pk=row.pk, lease_token=row.lease_token).exclude(lease_token="").update(**values)
    if written:
        for name, value in values.items():
            setattr(row, name, value)
    return written == 1


_holders: dict[int, str] = {}


def holder() -> str:
    """This process's name in leases; a forked child has its own."""
    pid = os.getpid()
    if pid not in _holders:
        _holders.clear()
        _holders[pid] = f"{socket.gethostname()[:40]}/{pid}/{secrets.token_hex(6)}"
    return _holders[pid]


def elect(name: str, seconds: float) -> bool:
    """True when this process does the job `name` for the next `seconds`: it had it already, or nobody has. Call again in time to keep it.

    In real time: a test that moves the clock deposes nobody.
    """
    now, me = clock.real(), holder()
    until = now + timedelta(seconds=seconds)
    if NamedLease.objects.filter(Q(holder=me) | Q(until__lt=now), name=name).update(holder=me, until=until):
        return True
    NamedLease.objects.bulk_create([NamedLease(name=name, holder=me, until=until)], ignore_conflicts=True)
    return NamedLease.objects.filter(name=name, holder=me).exists()
