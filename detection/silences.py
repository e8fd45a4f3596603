"""Makes, extends and ends silences, holds a source, and places what still fires when they are over."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from detection import correlate, delivering
from detection.matchers import checked, leaves_nothing_out
from detection.models import Alert, Silence, Source
from lib import clock
from lib.db import lock, retried
from lib.errors import Forbidden, Refused
from lib.nudge import nudge
from lib.text import clean

logger = logging.getLogger(__name__)
LONGEST = timedelta(days=30)
HOLD = timedelta(minutes=15)  # one press on a source
MOST = 500  # that are not over: each is held against every alert that comes
SWEEP = "detection.sweep_silences"


def create(
    matchers: Iterable[Any],
    *,
    source: Source | None = None,
    starts: datetime | None = None,
    ends: datetime,
    comment: str = "",
    actor: Any,
    request: Any = None,
) -> Silence:
    """Keep matching alerts quiet from `starts` (default: now) to `ends`; without matchers all that `source` sends.

    Raises Refused (422) for matchers that cannot be used or leave nothing out, and times that are over, crossed or 30 days apart; Forbidden.
    """
    found = checked(matchers, has_source=source is not None)
    _may(actor, is_hold=not found or leaves_nothing_out(found))
    if source is not None and source.kind == Source.OWN:
        raise Refused(_("What the portal itself reports is not kept quiet."), status=422)
    now = clock.now()
    starts = max(starts or now, now)
    _check_times(starts, ends)
    with transaction.atomic():
        if Silence.objects.filter(ends_at__gt=now).count() >= MOST:
            raise Refused(_("There are %(count)s silences already; end some first.") % {"count": MOST})
        silence = Silence.objects.create(
            matchers=found, source=source, starts_at=starts, ends_at=ends, comment=clean(comment, 500), created_by=actor, created_at=now
        )
        audit.record(_action(silence, "create"), actor=actor, target=_target(silence), after=silence.facts(), request=request)
    return silence


@retried
def hold(source: Source, *, actor: Any, request: Any = None) -> Silence:
    """Hold all that a source sends for 15 minutes from now; pressed again the same hold lasts from now. Raises Refused (422), Forbidden."""
    _may(actor, is_hold=True)
    with transaction.atomic():
        lock(Source.objects.filter(pk=source.pk)).get()  # two presses at once make one
        now = clock.now()
        held = next((one for one in Silence.objects.active(now).filter(source=source) if one.is_hold), None)
        if held is None:
            return create([], source=source, ends=now + HOLD, actor=actor, request=request)
        return extend(held, max(held.ends_at, now + HOLD), actor=actor, request=request)


@retried
def extend(silence: Silence, ends: datetime, *, actor: Any, request: Any = None) -> Silence:
    """Let it last until `ends`, later or earlier. Raises Refused (409) for one that is over, (422) for a time that cannot be; Forbidden."""
    with transaction.atomic():
        silence = _hold(silence)
        _may(actor, is_hold=silence.is_hold)
        if silence.ends_at <= clock.now():
            raise Refused(_("This silence is over."))
        if ends != silence.ends_at:
            _check_times(max(silence.starts_at, clock.now()), ends, since=silence.starts_at)
            before, silence.ends_at = {"ends_at": silence.ends_at.isoformat()}, ends
            silence.save(update_fields=["ends_at"])
            audit.record(_action(silence, "extend"), actor=actor, target=_target(silence), before=before, after={"ends_at": ends.isoformat()}, request=request)
        return silence


@retried
def end(silence: Silence, *, actor: Any, request: Any = None) -> Silence:
    """End it now; what still fires is placed by the sweep, at once. One that is over stays as it is. Raises Forbidden."""
    _may(actor, is_hold=False)  # letting alerts through is the safe side
    with transaction.atomic():
        silence, now = _hold(silence), clock.now()
        if silence.ends_at <= now:
            return silence
        before = {"ends_at": silence.ends_at.isoformat()}
        silence.starts_at, silence.ends_at = min(silence.starts_at, now), now
        silence.ended_early_at, silence.ended_early_by = now, actor
        silence.save(update_fields=["starts_at", "ends_at", "ended_early_at", "ended_early_by"])
        audit.record(_action(silence, "end"), actor=actor, target=_target(silence), before=before, after={"ends_at": now.isoformat()}, request=request)
        nudge(SWEEP)
    return silence


def place_owed(*, most: int = 20_000) -> int:
    """Place the firing alerts whose silence is over, source by source; returns how many. Twice at once places them once.

    What a busy database puts off waits for the next run.
    """
    owed = list(Alert.objects.owed(clock.now()).order_by("source_id", "pk").values_list("source_id", "pk")[:most])
    by_source: dict[int, list[int]] = {}
    for source_id, key in owed:
        by_source.setdefault(source_id, []).append(key)
    placed = 0
    for source in Source.objects.filter(pk__in=by_source).select_related("default_service"):
        keys = by_source[source.pk]
        try:
            for at in range(0, len(keys), delivering.MOST_AT_ONCE):
                placed += delivering.within(partial(correlate.release, source, keys[at : at + delivering.MOST_AT_ONCE]))
        except delivering.Busy:
            logger.warning("alerts of %s whose silence is over wait: the database is busy", source.slug)
        except Refused:  # one source's trouble is not another's; the audit tells of what waits too long
            logger.exception("alerts of %s whose silence is over cannot be placed", source.slug)
    return placed


def _check_times(starts: datetime, ends: datetime, *, since: datetime | None = None) -> None:
    if ends <= starts:
        raise Refused(_("A silence ends after it starts, and not in the past."), status=422)
    if ends - (since or starts) > LONGEST:
        raise Refused(_("A silence lasts at most 30 days."), status=422)


def _hold(silence: Silence) -> Silence:
    return lock(Silence.objects.filter(pk=silence.pk).select_related("source")).get()


def _action(silence: Silence, act: str) -> str:
    return f"{'hold' if silence.is_hold else 'silence'}.{act}"


def _target(silence: Silence) -> str:
    return f"silence {silence.pk}: {silence}"[:200]


def _may(actor: Any, *, is_hold: bool) -> None:
    """Keeping alerts quiet is a responder's; holding all that a source sends, P1s among them, is for who commands."""
    needed = Ability.COMMAND if is_hold else Ability.RESPOND
    if actor is not None and not actor.can(needed):
        raise Forbidden(_("You need the right “%(ability)s” for this.") % {"ability": needed.value})
