"""Histories of two senders: shuffled, doubled, cut anywhere, hours late, with ends never told, they end as the ordered one."""

from datetime import timedelta
from itertools import groupby

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from detection import audit, keys
from detection.correlate import Delivery, take
from detection.models import Alert, Candidate
from detection.sources.alertmanager import parse
from incidents.models import Incident
from lib import clock
from lib.jsonio import canonical
from tests.detection.conftest import KEY, make_alert, notification

THINGS = {  # (which of two sources, fingerprint): labels
    (0, "a"): {"name": "Down", "severity": "critical", "service": "api-gateway"},
    (1, "a"): {"name": "Down", "severity": "critical", "service": "api-gateway"},  # the same fingerprint elsewhere is another alert
    (0, "b"): {"name": "Errors", "severity": "error", "service": "api-gateway"},
    (0, "c"): {"name": "Slow", "severity": "warning", "service": "api-gateway"},
    (1, "d"): {"name": "Slow", "severity": "warning", "service": "cache"},
    (0, "d"): {"name": "Full", "severity": "error", "service": "cache"},
    (0, "e"): {"name": "Chatty", "severity": "info", "service": None},
    (1, "f"): {"name": "Lost", "severity": "critical", "service": "nobody-knows-it"},
}
DELAYS = (0, 0, 0, 1, 7, 59, 61, 130, 400)  # minutes; beside the hour for which what is over comes back
BEGINS = 300  # minutes ago


@pytest.fixture
def sources(source):
    """Two Alertmanagers."""
    return source, keys.create("alertmanager", "Another", actor=None, key=KEY[::-1])[0]


def history(stretches, now):
    """The ordered notices of {thing: [(minute it begins, minutes it fires or None: no end is told), …]}: (minute, thing, alert)."""
    said = []
    for thing, spans in stretches.items():
        labels = {**THINGS[thing], "fingerprint": thing[1]}
        for start, length in spans:
            begin = now - timedelta(minutes=BEGINS - start)
            said.append((start, 0, thing, make_alert(**labels, start=begin)))
            if length is not None:
                end = begin + timedelta(minutes=length)
                said.append((start + length, 1, thing, make_alert(**labels, start=begin, status="resolved", end=end)))
    return [(minute, thing, alert) for minute, _order, thing, alert in sorted(said, key=lambda one: one[:3])]


def deliver(sources, notices):
    """Send these notices in one request for each stretch of the same source."""
    for number, of_source in groupby(notices, key=lambda one: one[1][0]):
        payload = notification(*(alert for _minute, _thing, alert in of_source))
        parsed = parse(payload)
        take(sources[number], [Delivery(parsed, canonical(payload).encode(), parsed.alerts)], clock.now())


def run(sources, batches):
    """Send the batches one after the other and tell what is left, then take it all back."""
    with transaction.atomic():
        for batch in batches:
            deliver(sources, batch)
        assert audit.invariants(full=True) == []
        left = {
            **_alerts(),
            "grouped": sorted(Alert.objects.filter(group__isnull=False).values_list("source", "fingerprint", "starts_at", "group__key")),
            "incidents": sorted((*_incident(incident), incident.alerts.count()) for incident in Incident.objects.all()),
            "candidates": sorted(Candidate.objects.exclude(status="joined").values_list("status", "service__slug", "severity")),
        }
        transaction.set_rollback(True)
    return left


def run_in_time(sources, arrivals, now):
    """Send what arrives when it arrives and tell what is left at the end of time, then take it all back.

    What was over for an hour begins anew, and that is so by the time of receipt: which recovered candidates there were may differ.
    """
    clock.forget()
    with transaction.atomic():
        for minute, arriving in groupby(arrivals, key=lambda one: one[0]):
            clock.move((now + timedelta(minutes=minute - BEGINS, seconds=1) - clock.now()).total_seconds())
            deliver(sources, [notice for _minute, notice in arriving])
        assert audit.invariants(full=True) == []
        left = {
            **_alerts(),
            "incidents": sorted(_incident(incident) for incident in Incident.objects.all()),
            "candidates": sorted(Candidate.objects.waiting().values_list("service__slug", "severity")),
        }
        transaction.set_rollback(True)
    clock.forget()
    return left


def _alerts():
    fields = ("source", "fingerprint", "status", "starts_at", "ends_at", "fired", "severity", "service__slug")
    return {"alerts": sorted(Alert.objects.values_list(*fields))}


def _incident(incident):
    grave = sorted(incident.alerts.filter(severity__in=["P1", "P2"]).values_list("source", "fingerprint", "starts_at"))
    services = tuple(incident.impacts.values_list("service__slug", flat=True))
    return grave, incident.severity, incident.state, incident.recovered_at is not None, services


def spans():
    """One to three beginnings, each told to end before the next or not; the last may still fire."""
    gaps = st.lists(st.tuples(st.integers(1, 90), st.integers(1, 30), st.booleans()), min_size=1, max_size=3)
    return st.tuples(gaps, st.booleans()).map(lambda drawn: place(*drawn))


def place(gaps, still):
    at, found = 0, []
    for number, (gap, length, is_told) in enumerate(gaps):
        is_last = number == len(gaps) - 1
        found.append((at + gap, length if (is_told and not is_last) or (is_last and not still) else None))
        at += gap + length
    return found


def drawn_history(data, now):
    stretches = data.draw(st.dictionaries(st.sampled_from(sorted(THINGS)), spans(), min_size=1, max_size=5))
    return history(stretches, now)


FEW = {"deadline": None, "phases": [Phase.explicit, Phase.reuse, Phase.generate], "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=6, **FEW)
@given(data=st.data())
def test_any_order_and_any_doubling_of_two_senders_ends_as_the_ordered_history(sources, data):
    ordered = drawn_history(data, clock.now())
    doubled = ordered + data.draw(st.lists(st.sampled_from(ordered), max_size=4))
    shuffled = data.draw(st.permutations(doubled))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(len(shuffled) - 1, 1)), max_size=4)))
    batches = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True) if shuffled[start:end]]
    assert run(sources, batches) == run(sources, [[notice] for notice in ordered])


@settings(max_examples=6, **FEW)
@given(data=st.data())
def test_any_delay_ends_as_the_history_that_came_in_time(sources, data):
    now = clock.now()
    ordered = drawn_history(data, now)
    doubled = ordered + data.draw(st.lists(st.sampled_from(ordered), max_size=4))
    delayed = [(notice[0] + data.draw(st.sampled_from(DELAYS)), notice) for notice in data.draw(st.permutations(doubled))]
    arrivals = sorted(delayed, key=lambda one: one[0])
    assert run_in_time(sources, arrivals, now) == run_in_time(sources, [(notice[0], notice) for notice in ordered], now)
