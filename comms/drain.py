"""Sends what is due: claims, asks the channel outside any transaction, and settles with the lease as fence."""

import logging
import random
import re
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, transaction
from django.utils.text import Truncator

from comms import catalogue, channel_states, channels, holding, reasons
from comms.alarms import raise_alarm
from comms.channels.base import Channel, ChannelError, Message
from comms.contacts import suppress
from comms.models import Alarm, Delivery, DeliveryAttempt, Priority
from comms.preconditions import objection
from comms.rendering import render
from incidents import lifecycle, timeline
from lib import clock, leases
from lib.db import retried
from lib.failpoints import hit
from lib.text import clean

logger = logging.getLogger(__name__)

BATCH = 20
CLAIM_SECONDS = 30.0
LANE_SECONDS = 3.0  # a lane ends after this long and the next turn goes on: a process that ends is not cut off in the middle of a mail
MOST_TRIES = 8  # answers of "not now" before a message is given up
MOST_UNKNOWN = 3  # times that one message may have been sent
MOST_CLAIMS = 25  # claims without any try: a row that kills its worker while it is rendered
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 900.0  # seconds between tries of one row
Outcome, State = DeliveryAttempt.Outcome, Delivery.State
stopping = threading.Event()  # the process ends: what is on its way arrives, nothing else is begun


@dataclass(frozen=True)
class Lane:
    """Rows of one channel and priority: what waits in one never waits for another."""

    channel: str
    priority: int


def work(lane: Lane) -> int:
    """Send the due rows of a lane for at most LANE_SECONDS; returns how many were worked."""
    sender, until = channels.make(lane.channel), time.monotonic() + LANE_SECONDS
    worked, is_known_to_work = 0, False
    try:
        while not stopping.is_set() and time.monotonic() < until and lane.channel in channel_states.usable(clock.now()):
            due = holding.sendable(Delivery.objects.due(clock.now())).filter(channel=lane.channel, priority=lane.priority).order_by("not_before", "id")
            claimed = leases.claim(due, seconds=CLAIM_SECONDS, limit=BATCH if sender.is_shared else 1)  # what one held would wait for the others
            hit("comms.after_claim")
            if not claimed:
                break
            rows = _with_parts(claimed)
            while rows:
                row = rows.pop(0)
                worked += 1
                goes_on = _work_one(row, sender)
                if row.state == State.SENT and not is_known_to_work:
                    channel_states.worked(lane.channel)
                    is_known_to_work = True
                if not goes_on or stopping.is_set() or time.monotonic() >= until:
                    break
            _give_back(rows)
    finally:
        sender.close()
    return worked


def _with_parts(claimed: list[Delivery]) -> list[Delivery]:
    """The claimed rows with what rendering needs; rows that were claimed in vain come last and shuffled, so that one which
    stops its workers does not take its neighbours along."""
    found = (
        Delivery.objects.select_related("person", "incident", "contact_method", "announcement__incident", "subscriber")
        .prefetch_related("tries")
        .in_bulk([row.pk for row in claimed])
    )
    rows = [found[row.pk] for row in claimed if found[row.pk].lease_token == row.lease_token]
    vain = {row.pk: row.attempts - len(row.tries.all()) for row in rows}
    return sorted(rows, key=lambda row: (vain[row.pk], random.random()) if vain[row.pk] > 2 else (0, 0))  # noqa: S311 - no secret


def _give_back(rows: list[Delivery]) -> None:
    """Rows that were claimed but not reached: the next turn takes them at once."""
    for row in rows:
        leases.settle(row, attempts=max(row.attempts - 1, 0))


def _work_one(row: Delivery, sender: Channel) -> bool:
    """Send one row and settle it; False when the channel must rest."""
    now = clock.now()
    tries = list(row.tries.all())
    interrupted = [attempt for attempt in tries if attempt.outcome == Outcome.STARTED]
    if interrupted:
        _note_interrupted(row, interrupted, now)
        if _is_sent_once(row, sender):
            _settle(row, State.DROPPED, reasons.CRASHED, is_ambiguous=True)
            return True
    try:
        reason = _hopeless(row, tries)
        if reason:
            _give_up(row, reason)
            return True
        if row.expires_at is not None and row.expires_at <= now:
            _settle(row, State.EXPIRED, reasons.EXPIRED)
            return True
        if against := objection(row):
            _settle(row, State.DROPPED, against)
            return True
        message = render(row)
    except (DatabaseError, InterfaceError):
        raise  # not the row's fault; its lease runs out
    except Exception as error:
        logger.exception("delivery %s cannot be rendered", row.pk)
        attempt = DeliveryAttempt.objects.create(delivery=row, at=now)
        _failed(row, attempt, sender, ChannelError(reasons.NOT_RENDERED % {"words": repr(error)[:450]}), tries)
        return True
    return _send(row, sender, message, tries)


def _send(row: Delivery, sender: Channel, message: Message, tries: list[DeliveryAttempt]) -> bool:
    attempt = _begin(row, sender, message)
    if attempt is None:
        return True  # another worker has it by now
    hit("comms.before_send")
    try:
        receipt = sender.send(message)
    except ChannelError as error:
        hit("comms.before_settle")
        return _failed(row, attempt, sender, error, tries)
    except Exception as error:
        logger.exception("channel %s failed on delivery %s", row.channel, row.pk)
        sender.close()
        return _failed(row, attempt, sender, ChannelError(reasons.BROKEN % {"words": type(error).__name__}, ambiguous=True), tries)
    hit("comms.after_send")
    hit("comms.before_settle")
    _sent(row, attempt, _unnamed(row, receipt.answer))
    return True


@retried
def _begin(row: Delivery, sender: Channel, message: Message) -> DeliveryAttempt | None:
    """The fence before the wire: still ours? Then say so in the database before the channel is asked."""
    now = clock.now()
    kept = {} if catalogue.kind(row.kind).is_secret or row.announcement_id else {"subject": message.subject, "body": message.text}
    with transaction.atomic():
        until = now + timedelta(seconds=sender.deadline_seconds + CLAIM_SECONDS)
        mine = Delivery.objects.filter(pk=row.pk, state=State.DUE, lease_token=row.lease_token, lease_until__gt=now)
        if not mine.update(lease_until=until, **kept):
            return None
        return DeliveryAttempt.objects.create(delivery=row, at=now)


@retried
def _note_interrupted(row: Delivery, attempts: list[DeliveryAttempt], now: Any) -> None:
    """A worker died between asking the channel and noting its answer: the reader may have it."""
    with transaction.atomic():
        DeliveryAttempt.objects.filter(pk__in=[attempt.pk for attempt in attempts]).update(outcome=Outcome.UNKNOWN, ended_at=now, answer=reasons.INTERRUPTED)
        Delivery.objects.filter(pk=row.pk).update(is_ambiguous=True)
    row.is_ambiguous = True
    for attempt in attempts:
        attempt.outcome = Outcome.UNKNOWN


def _is_sent_once(row: Delivery, sender: Channel) -> bool:
    """Whether it is rather lost than sent twice: to a subscriber, whose reader could not tell that it is the same."""
    return row.priority == Priority.SUBSCRIBER and not sender.can_repeat


def _hopeless(row: Delivery, tries: list[DeliveryAttempt]) -> str:
    """Why no further try is made, or ""."""
    if sum(attempt.outcome == Outcome.UNKNOWN for attempt in tries) >= MOST_UNKNOWN:
        return reasons.TOO_OFTEN_UNKNOWN % {"count": MOST_UNKNOWN}
    if sum(attempt.outcome in (Outcome.FAILED, Outcome.UNKNOWN) for attempt in tries) >= MOST_TRIES:
        return reasons.GIVEN_UP % {"count": MOST_TRIES, "words": tries[-1].answer}
    if row.attempts - len(tries) >= MOST_CLAIMS:
        return reasons.STOPS_WORKERS
    return ""


@retried
def _sent(row: Delivery, attempt: DeliveryAttempt, answer: str) -> None:
    now = clock.now()
    with transaction.atomic():
        _end(attempt, Outcome.SENT, answer)
        leases.settle(row, state=State.SENT, answer=clean(answer, 500), sent_at=now, settled_at=now, secret="")


def _failed(row: Delivery, attempt: DeliveryAttempt, sender: Channel, error: ChannelError, tries: list[DeliveryAttempt]) -> bool:
    """Note what the channel said and when to try again; False when the channel must rest."""
    now = clock.now()
    outcome = Outcome.FAILED
    if error.ambiguous:
        outcome = Outcome.UNKNOWN
    elif error.is_channel:
        outcome = Outcome.CHANNEL
    elif error.permanent:
        outcome = Outcome.REFUSED
    error.text = _unnamed(row, error.text)
    _record_failure(row, attempt, error, outcome, [*tries, attempt], is_sent_once=_is_sent_once(row, sender))
    if error.is_channel and sender.is_shared:
        channel_states.failed(row.channel, error, now)
        return False
    if error.retry_after and not sender.is_shared:
        others = Delivery.objects.to_be_sent().filter(subscriber=row.subscriber_id, channel=row.channel).exclude(pk=row.pk)
        others.filter(lease_token="").update(not_before=now + timedelta(seconds=error.retry_after))
        return True
    if error.retry_after:
        channel_states.asked_to_wait(row.channel, error.retry_after, error.text, now)
        return False
    return True


@retried
def _record_failure(row: Delivery, attempt: DeliveryAttempt, error: ChannelError, outcome: str, tries: list[DeliveryAttempt], *, is_sent_once: bool) -> None:
    with transaction.atomic():
        _end(attempt, outcome, error.text)
        if error.suppress:
            suppress(row, error.text)
        if outcome == Outcome.UNKNOWN:
            Delivery.objects.filter(pk=row.pk).update(is_ambiguous=True)
        if outcome == Outcome.UNKNOWN and is_sent_once:
            _settle(row, State.DROPPED, reasons.MAYBE_SENT % {"words": error.text}, is_ambiguous=True)
        elif outcome == Outcome.REFUSED and error.suppress and row.subscriber_id:
            _settle(row, State.DROPPED, error.text)  # shown with the subscriber; no alarm
        elif outcome == Outcome.REFUSED:
            _give_up(row, error.text)
        elif reason := _hopeless(row, tries):
            _give_up(row, reason)
        else:
            turned_away = sum(one.outcome in (Outcome.FAILED, Outcome.UNKNOWN) for one in tries)
            pause = error.retry_after or min(FIRST_PAUSE * 2 ** max(turned_away - 1, 0), LONGEST_PAUSE)
            later = clock.now() + timedelta(seconds=pause * random.uniform(0.8, 1.3))  # noqa: S311 - jitter
            leases.settle(row, not_before=later, answer=clean(error.text, 500))


def _unnamed(row: Delivery, words: str) -> str:
    """A provider's words without a subscriber's address: who is erased later must not stay in alarms or in what was tried meanwhile."""
    return re.sub(re.escape(row.address), "…", words, flags=re.IGNORECASE) if row.subscriber_id and row.address else words


def _end(attempt: DeliveryAttempt, outcome: str, answer: str) -> None:
    attempt.outcome, attempt.answer, attempt.ended_at = outcome, clean(answer, 2000), clock.now()
    attempt.save(update_fields=["outcome", "answer", "ended_at"])


@retried
def _settle(row: Delivery, state: str, reason: str, **values: Any) -> bool:
    """An end without sending."""
    with transaction.atomic():
        return leases.settle(row, state=state, answer=clean(reason, 500), settled_at=clock.now(), secret="", **values)


@retried
def _give_up(row: Delivery, reason: str) -> None:
    """The end of a row that cannot be sent: dead, with an alarm, and told on the incident's timeline."""
    now = clock.now()
    with transaction.atomic():
        incident = lifecycle.hold(row.incident_id) if row.incident_id and row.priority != Priority.SUBSCRIBER else None
        alarm = raise_alarm(Alarm.Code.DEAD, row.channel, reason, now=now)
        if not leases.settle(row, state=State.DEAD, answer=clean(reason, 500), dead_at=now, settled_at=now, alarm=alarm, secret=""):
            transaction.set_rollback(True)  # another worker has it by now; its result counts
            return
        if incident is not None:
            who = str(row.person) if row.person is not None else row.address
            data = {"delivery": row.pk, "kind": row.kind, "channel": row.channel, "person": who, "answer": Truncator(reason).chars(200)}
            timeline.record(incident, "comms.not_delivered", data=data)
