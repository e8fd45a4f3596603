"""The bars of 90 days: what was published of a component, day by day in UTC."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from statuspage.models import ComponentState

DAY = timedelta(days=1)
DOWN = {ComponentState.PARTIAL, ComponentState.MAJOR}  # degraded is slow, not away; maintenance was announced
Found = tuple[date, str, int]  # a day, its worst state ("" before the component was there), its seconds down


def days(history: Sequence[tuple[datetime, str]], *, since: datetime, born: datetime, now: datetime, count: int) -> list[Found]:
    """`count` days from `since` on. `history` says from when which state held, in order; without a row all was operational."""
    spans = _spans(history, since=max(since, born), now=now)
    return [_day(spans, since + number * DAY, born, now) for number in range(count)]


def uptime(found: Sequence[Found], *, since: datetime, born: datetime, now: datetime) -> Decimal:
    """Per cent of the time since `since`, or since the component was there, in which it was not down; cut, so that 100 means never."""
    total = (now - max(since, born)).total_seconds()
    down = sum(seconds for _date, _worst, seconds in found)
    if total <= 0 or not down:
        return Decimal(100)
    share = Decimal(max(total - down, 0)) / Decimal(total) * 100
    return share.quantize(Decimal("0.01"), rounding=ROUND_DOWN)


def _spans(history: Sequence[tuple[datetime, str]], *, since: datetime, now: datetime) -> list[tuple[datetime, datetime, str]]:
    """From when to when which state held; the last one goes on."""
    states = [(since, ComponentState.OPERATIONAL.value), *((max(at, since), state) for at, state in history)]
    ends = [at for at, _state in states[1:]] + [max(now, since) + DAY]
    return [(start, end, state) for (start, state), end in zip(states, ends, strict=True) if end > start]


def _day(spans: list[tuple[datetime, datetime, str]], start: datetime, born: datetime, now: datetime) -> Found:
    end = start + DAY
    inside = [(max(one, start), min(other, end, now), state) for one, other, state in spans if one < end and other > start]
    if not inside:
        return start.date(), "" if born >= end else ComponentState.OPERATIONAL.value, 0
    worst = max((ComponentState(state) for _one, _other, state in inside), key=lambda state: state.rank)
    down = sum((other - one).total_seconds() for one, other, state in inside if state in DOWN)
    return start.date(), worst.value, round(max(down, 0))
