"""Whether a channel may be used now: off after wrong credentials, paused after failures or on request of the provider."""

import random
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts import audit
from comms import channels
from comms.alarms import clear, raise_alarm
from comms.channels.base import ChannelError
from comms.models import Alarm, ChannelState
from lib import clock
from lib.nudge import nudge

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0  # seconds
FAILURES_BEFORE_ALARM = 3


def usable(now: datetime) -> list[str]:
    """The channels that may send now. One that is off comes back by itself once its configuration is another."""
    states = {state.channel: state for state in ChannelState.objects.all()}
    found = []
    for kind in channels.CHANNELS:
        state = states.get(kind)
        if state is not None and state.off_at and state.configuration != channels.configuration(kind):
            turn_on(kind)
            state = None
        if state is None or (state.off_at is None and (state.not_before is None or state.not_before <= now)):
            found.append(kind)
    return found


def failed(kind: str, error: ChannelError, now: datetime) -> None:
    """Note that the channel itself failed: pause it, longer each time; from the third failure on that is an alarm."""
    state, _is_new = ChannelState.objects.get_or_create(channel=kind)
    if error.turns_off:
        if ChannelState.objects.filter(channel=kind, off_at=None).update(
            off_at=now, off_reason=error.text, last_error=error.text, configuration=channels.configuration(kind)
        ):
            raise_alarm(Alarm.Code.CHANNEL_OFF, kind, error.text, now=now)
        return
    failures = state.failures + 1
    seconds = max(error.retry_after or 0, min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE)) * random.uniform(1, 1.2)  # noqa: S311 - jitter
    ChannelState.objects.filter(channel=kind).update(failures=F("failures") + 1, last_error=error.text, not_before=now + timedelta(seconds=seconds))
    if failures >= FAILURES_BEFORE_ALARM:
        raise_alarm(Alarm.Code.CHANNEL_FAILING, kind, error.text, now=now)


def asked_to_wait(kind: str, seconds: float, words: str, now: datetime) -> None:
    """The provider asked to be left alone for a while (Retry-After, 421); no failure of the channel."""
    ChannelState.objects.get_or_create(channel=kind)
    until = now + timedelta(seconds=seconds * random.uniform(1, 1.2))  # noqa: S311 - jitter
    ChannelState.objects.filter(channel=kind).update(not_before=until, last_error=words)


def worked(kind: str) -> None:
    """A message went through: forget the failures."""
    if ChannelState.objects.filter(channel=kind, failures__gt=0).update(failures=0, not_before=None, last_error=""):
        clear(Alarm.Code.CHANNEL_FAILING, kind)


def turn_on(kind: str, *, actor: Any = None, request: Any = None) -> None:
    """Use the channel again: a person says so, or its configuration changed."""
    with transaction.atomic():
        changed = ChannelState.objects.filter(channel=kind).update(off_at=None, off_reason="", configuration="", not_before=None, failures=0, last_error="")
        clear(Alarm.Code.CHANNEL_OFF, kind)
        clear(Alarm.Code.CHANNEL_FAILING, kind)
        if changed and actor is not None:
            audit.record("comms.channel_on", actor=actor, target=kind, request=request)
        nudge("comms.drain_outbox")


def is_off(kind: str) -> bool:
    """Whether the channel is off."""
    return ChannelState.objects.filter(channel=kind, off_at__isnull=False).exists()


def until(kind: str) -> datetime | None:
    """Until when the channel is paused, or None."""
    state = ChannelState.objects.filter(channel=kind).first()
    return state.not_before if state and state.not_before and state.not_before > clock.now() else None
