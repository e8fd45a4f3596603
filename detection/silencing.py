"""What silences in force do to the changes of a batch: a matching alert that would be placed is kept where it is. Pure but for one look."""

from collections.abc import Iterable
from datetime import datetime

from detection.deciding import decide
from detection.matchers import matches
from detection.models import Alert, Silence, Source
from detection.unfolding import Change


def in_force(source: Source, now: datetime) -> list[Silence]:
    """The silences that alerts of this source meet now, the one that lasts longest first: in one query."""
    if source.kind == Source.OWN:
        return []  # what the portal itself reports is not kept quiet
    rows = Silence.objects.active(now).select_related(None).order_by("-ends_at", "-pk")
    return [row for row in rows if row.source_id in (None, source.pk)]


def hush(changes: list[Change], silences: list[Silence]) -> list[Change]:
    """The changes, with what a silence holds marked so, and what it no longer holds begun anew.

    What has its incident keeps it, and its end is told as ever. A silenced alert whose labels no longer match, or whose silence is
    over before the sweep came by, begins now.
    """
    for change in changes:
        row = change.row
        if row.incident_id is not None:
            if row.silence_id is not None and row.is_firing:  # its group got an incident by another alert
                _free(change)
        elif change.began or (row.silence_id is not None and row.is_firing):
            _judge(change, _of(row, silences))
    return changes


def freed(rows: Iterable[Alert], silences: list[Silence]) -> list[Change]:
    """Of silenced rows those that are to be placed now, or that another silence holds on."""
    changes = hush([Change(row) for row in rows if row.silence_id is not None and row.is_firing], silences)
    return [change for change in changes if change.is_touched or change.is_reworded]


def _judge(change: Change, silence: Silence | None) -> None:
    row = change.row
    if silence is not None:
        if row.silence_id != silence.pk:
            row.silence = silence
            change.is_reworded = True
        decide(row, "silenced")
        change.began = False
    elif row.silence_id is not None:
        _free(change)


def _free(change: Change) -> None:
    """As if it came now; its why tells that it waited."""
    row = change.row
    row.silence = None
    row.why = {**row.why, "was_silenced": True}
    change.is_touched = change.began = True


def _of(row: Alert, silences: list[Silence]) -> Silence | None:
    return next((silence for silence in silences if matches(silence.matchers, row.labels)), None)
