"""Late, doubled, shuffled and resolve-first histories end as the ordered one."""

from datetime import timedelta
from itertools import islice, permutations
from math import factorial

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from detection import audit, keys, silences
from detection.correlate import Delivery, take
from detection.models import Alert, Candidate
from detection.sources import generic
from detection.sources.alertmanager import parse
from incidents.models import Incident
from lib import clock
from lib.jsonio import canonical
from tests.detection.conftest import make_alert, notification

THINGS = {
    "a": {"name": "Down", "severity": "critical", "service": "api-gateway"},
    "b": {"name": "Errors", "severity": "error", "service": "api-gateway"},
    "c": {"name": "Slow", "severity": "warning", "service": "api-gateway"},
    "d": {"name": "Slow", "severity": "warning", "service": "cache"},
    "e": {"name": "Chatty", "severity": "info", "service": None},
    "f": {"name": "Lost", "severity": "critical", "service": "nobody-knows-it"},
}


def history(stretches, now):
    """The ordered notifications of {thing: [(minute it begins, minutes it fires or None: still), …]}."""
    said = []
    for thing, spans in stretches.items():
        labels = {**THINGS[thing], "fingerprint": thing}
        for start, length in spans:
            begin = now - timedelta(minutes=300 - start)
            said.append((start, 0, make_alert(**labels, start=begin)))
            if length is not None:
                end = begin + timedelta(minutes=length)
                said.append((start + length, 1, make_alert(**labels, start=begin, status="resolved", end=end)))
    return [alert for _minute, _order, alert in sorted(said, key=lambda one: (one[0], one[1]))]


def run(source, batches, silence=None):
    """Send the batches one after the other and tell what is left, then take it all back; a silence ends after the last."""
    with transaction.atomic():
        for batch in batches:
            payload = notification(*batch)
            parsed = parse(payload)
            take(source, [Delivery(parsed, canonical(payload).encode(), parsed.alerts)], clock.now())
        if silence is not None:
            silences.end(silence, actor=None)
            silences.place_owed()
        assert audit.invariants(full=True) == []
        left = {
            "alerts": sorted(Alert.objects.values_list("fingerprint", "status", "starts_at", "ends_at", "fired", "severity", "service__slug")),
            "grouped": sorted(Alert.objects.filter(group__isnull=False).values_list("fingerprint", "starts_at", "group__key")),
            "incidents": sorted(
                (
                    incident.severity,
                    incident.state,
                    incident.recovered_at is not None,
                    incident.alerts.count(),
                    tuple(incident.impacts.values_list("service__slug", flat=True)),
                )
                for incident in Incident.objects.all()
            ),
            "candidates": sorted(Candidate.objects.exclude(status="joined").values_list("status", "service__slug", "severity")),
        }
        transaction.set_rollback(True)
    return left


def spans():
    """One to three stretches that do not touch; the last may still fire."""
    gaps = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=3)
    return st.tuples(gaps, st.booleans()).map(lambda drawn: place(*drawn))


def place(gaps, still):
    at, found = 0, []
    for number, (gap, length) in enumerate(gaps):
        found.append((at + gap, None if still and number == len(gaps) - 1 else length))
        at += gap + length
    return found


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_and_any_doubling_ends_as_the_ordered_history(source, data):
    stretches = data.draw(st.dictionaries(st.sampled_from(sorted(THINGS)), spans(), min_size=1, max_size=4))
    ordered = history(stretches, clock.now())
    doubled = ordered + data.draw(st.lists(st.sampled_from(ordered), max_size=4))
    shuffled = data.draw(st.permutations(doubled))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(len(shuffled) - 1, 1)), max_size=4)))
    batches = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(shuffled)], strict=True) if shuffled[start:end]]
    assert run(source, batches) == run(source, [[alert] for alert in ordered])


@pytest.mark.parametrize("name", ["Down", "Slow"])
def test_any_order_under_a_silence_ends_as_the_ordered_history_and_only_what_fires_is_placed(source, name):
    matchers = [{"label": "alertname", "op": "=", "value": name}]
    held = silences.create(matchers, ends=clock.now() + timedelta(hours=1), actor=None)
    ordered = history({"a": [(1, 5), (20, None)], "c": [(2, 4)], "d": [(3, 9), (30, None)]}, clock.now())
    wanted = run(source, [[alert] for alert in ordered], held)
    assert [len(wanted["incidents"]), len(wanted["candidates"])] == [1, 1]
    for order in islice(permutations(ordered), 0, None, factorial(len(ordered)) // 12 + 1):
        assert run(source, [[alert] for alert in order], held) == wanted
        assert run(source, [list(order)], held) == wanted


def test_a_doubled_batch_in_one_request_is_one(source):
    alert = make_alert()
    assert run(source, [[alert, alert, alert]]) == run(source, [[alert]])


def test_an_end_that_overtakes_its_beginning(source):
    beginning, end = history({"a": [(1, 5)]}, clock.now())
    assert run(source, [[end], [beginning]]) == run(source, [[beginning], [end]])


def test_the_same_fingerprint_with_a_new_start(source):
    first, first_end, second = history({"a": [(1, 5), (20, None)]}, clock.now())
    for order in ([first, second, first_end], [second, first, first_end], [first_end, second, first], [second, first_end, first]):
        assert run(source, [[alert] for alert in order]) == run(source, [[first], [first_end], [second]])


def tell(script, alert, at):
    """One request of a sender without starts."""
    parsed = generic.parse(alert)
    take(script, [Delivery(parsed, canonical(alert).encode(), parsed.alerts)], at)


@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.integers(1, 3), st.sampled_from([1, 60, 60 * 24 * 5])), min_size=1, max_size=8))
def test_repeats_of_a_sender_without_starts_are_harmless(db, said):
    """Each word of it may come again and again, at once or days later: rows are as many as it has begun, or one for an end alone."""
    with transaction.atomic():
        script, at = keys.create("generic", "Script", actor=None)[0], clock.now()
        expected: dict[str, list[bool]] = {}
        for key, fires, times, minutes in said:
            for _time in range(times):
                at += timedelta(minutes=minutes)
                alert = {"title": key, "dedup_key": key, "severity": "info", "status": "firing" if fires else "resolved"}
                tell(script, alert, at)
            rows = expected.setdefault(key, [])
            if not rows or (fires and not rows[-1]):
                rows.append(fires)
            rows[-1] = fires
        for key, rows in expected.items():
            assert list(Alert.objects.filter(fingerprint=key).order_by("starts_at").values_list("is_firing", flat=True)) == rows
        assert sum(Alert.objects.values_list("times", flat=True)) == sum(times for _key, _fires, times, _minutes in said)
        assert audit.invariants(full=True) == []
        transaction.set_rollback(True)


def test_an_end_told_again_after_weeks_is_the_same_end(db):
    script, at = keys.create("generic", "Script", actor=None)[0], clock.now()
    for status, days in (("firing", 0), ("resolved", 1), ("resolved", 30)):
        alert = {"title": "A", "severity": "info", "status": status}
        tell(script, alert, at + timedelta(days=days))
    row = Alert.objects.get()
    assert row.times == 3 and row.ends_at == at + timedelta(days=1)
