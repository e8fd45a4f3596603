"""Old rows go: each room says which and when, one sweep deletes them in batches."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import QuerySet

from lib import clock

logger = logging.getLogger(__name__)
BATCH = 1000
BATCHES = 50  # per rule and run; the next run goes on


class Rule(NamedTuple):
    """`rows(before)` may be deleted; `keep()` says how long they are kept."""

    name: str
    rows: Callable[[datetime], QuerySet]
    keep: Callable[[], timedelta]


_rules: dict[str, Rule] = {}


def register(name: str, rows: Callable[[datetime], QuerySet], *, keep: timedelta | Callable[[], timedelta]) -> None:
    """Let the sweep delete `rows(before)`, where `before` is now minus `keep` (a timedelta, or a function for one that settings change)."""
    _rules[name] = Rule(name, rows, keep if callable(keep) else lambda: keep)


def rules() -> list[Rule]:
    """All rules, by name."""
    return [_rules[name] for name in sorted(_rules)]


def prune(*, now: datetime | None = None) -> int:
    """Delete what is old, a batch of 1000 rows per transaction; returns how many rows. One failing rule holds up no other."""
    now = now or clock.now()
    count = 0
    for rule in rules():
        try:
            count += _apply(rule, now)
        except Exception:
            logger.exception("pruning %s failed", rule.name)
    return count


def _apply(rule: Rule, now: datetime) -> int:
    rows = rule.rows(now - rule.keep()).order_by("pk")
    count = 0
    for _batch in range(BATCHES):
        keys = list(rows.values_list("pk", flat=True)[:BATCH])
        if keys:
            count += rows.model._base_manager.filter(pk__in=keys).delete()[0]
        if len(keys) < BATCH:
            break
    return count
