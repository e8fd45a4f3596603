"""Silences: what matches, what a silence stops and what not, and that nothing is lost when it is over."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from detection import audit, candidates, keys, silences, why
from detection.matchers import LONGEST_VALUE, checked, matches
from detection.models import Alert, AlertGroup, Candidate, Silence
from detection.refusals import own_source
from detection.sweeps import sweep_silences
from incidents import lifecycle, playbook
from incidents.models import Incident, State
from lib import clock as product_clock
from lib.errors import Forbidden, Refused
from tests.detection.conftest import KEY, make_alert, notification


def match(label, op, value):
    return {"label": label, "op": op, "value": value}


def silence(actor=None, *, minutes=60, source=None, alertname="Down", **more):
    """One for alerts of that name, an hour unless said otherwise."""
    found = [] if source else [match("alertname", "=", alertname)]
    return silences.create(found, source=source, ends=product_clock.now() + timedelta(minutes=minutes), actor=actor, **more)


def ended(alert):
    return {**alert, "status": "resolved", "endsAt": alert["startsAt"]}


def nothing_happened():
    return not (Incident.objects.exists() or Candidate.objects.exists() or AlertGroup.objects.exists())


RULES = [
    ("a", "=", "x", {"a": "x"}, True),
    ("a", "=", "x", {"a": "y"}, False),
    ("a", "=", "", {}, True),
    ("a", "=", "", {"a": "x"}, False),
    ("a", "!=", "x", {"a": "y"}, True),
    ("a", "!=", "x", {}, True),
    ("a", "!=", "x", {"a": "x"}, False),
    ("a", "=~", "api-.*", {"a": "api-7"}, True),
    ("a", "=~", "api", {"a": "api-7"}, False),  # the whole value, as Alertmanager does
    ("a", "=~", "a|b", {"a": "ab"}, False),
    ("a", "=~", "a|b", {"a": "b"}, True),
    ("a", "=~", ".*", {}, True),
    ("a", "=~", "a.b", {"a": "a\nb"}, True),
    ("a", "!~", "api-.*", {"a": "web-1"}, True),
    ("a", "!~", "api-.*", {"a": "api-1"}, False),
    ("a", "=~", ".*", {"a": "x" * (LONGEST_VALUE + 1)}, False),
    ("a", "!~", "y", {"a": "x" * (LONGEST_VALUE + 1)}, False),
    ("名", "=", "值", {"名": "值"}, True),
]


@pytest.mark.parametrize(("label", "op", "value", "labels", "meets"), RULES)
def test_a_matcher_meets(label, op, value, labels, meets):
    assert matches(checked([match(label, op, value)], has_source=True), labels) is meets


def test_all_matchers_must_match():
    both = [match("a", "=", "x"), match("b", "=~", "y.*")]
    assert matches(both, {"a": "x", "b": "yz"}) and not matches(both, {"a": "x", "b": "z"})


UNUSABLE = [
    [],
    [match("a", "=~", ".*")],
    [match("a", "!~", "(")],
    [match("a", "=~", "(a+)+$")],
    [match("a", "=~", "(a|aa)*b")],
    [match("a", "=~", ".*.*.*x")],
    [match("a", "=~", "(a|a)" * 30)],
    [match("a", "=~", r"(.)\1")],
    [match("a", "=~", "(?=x)x")],
    [match("a", "=~", "(?i)x")],
    [match("a", "=~", "x{99999999999}")],
    [match("a", "=~", "x" * 201)],
    [match("a", "=", "x" * 2001)],
    [match("", "=", "x")],
    [match("a" * 201, "=", "x")],
    [match("a", "==", "x")],
    [{"label": "a", "op": "="}],
    [match("a", "=", 3)],
    ["a=x"],
    [match("a", "=", "x")] * 21,
]


@pytest.mark.parametrize("said", UNUSABLE, ids=str)
def test_matchers_that_cannot_be_used_are_refused(said):
    with pytest.raises(Refused) as refused:
        checked(said, has_source=False)
    assert refused.value.status == 422


@pytest.mark.parametrize("pattern", [".*a.*b", "[a-z]*[a-z]*0", ".*foo.*|.*bar.*", "a{0,250}b", "(foo|bar)?-[0-9]+", "(prod|test)-(a|b)-.*"])
def test_a_pattern_that_is_taken_ends_soon(pattern):
    [found] = checked([match("a", "=~", pattern)], has_source=True)
    began = time.process_time()
    for value in ("a" * LONGEST_VALUE, "ab" * (LONGEST_VALUE // 2), "-" * LONGEST_VALUE):
        matches([found], {"a": value})
    assert time.process_time() - began < 5  # what is refused would take years


@pytest.mark.parametrize(
    ("starts", "ends"), [(0, 0), (0, -5), (60, 30), (0, 30 * 24 * 60 + 1), (5, 30 * 24 * 60 + 6)], ids=["no time", "past", "crossed", "31 days", "later"]
)
def test_times_that_cannot_be_are_refused(responder, starts, ends):
    now = product_clock.now()
    with pytest.raises(Refused) as refused:
        silences.create([match("a", "=", "x")], starts=now + timedelta(minutes=starts), ends=now + timedelta(minutes=ends), actor=responder)
    assert refused.value.status == 422 and not Silence.objects.exists()


@pytest.mark.parametrize("severity", ["critical", "error", "warning", "info"])
def test_a_silenced_alert_is_kept_and_leads_nowhere(fire, responder, severity):
    held = silence(responder, comment="new disk on its way")
    answer = fire(make_alert(severity=severity))
    alert = Alert.objects.get()
    assert answer == {"accepted": 1, "rejected": [], "incidents": []} and nothing_happened()
    assert alert.is_firing and alert.silence == held and alert.why["act"] == "silenced"
    said = " ".join(why.explain(alert))
    assert f"Silenced by {responder} until" in said and "new disk on its way" in said
    assert audit.invariants(full=True) == []


def test_others_are_not_touched(fire, responder):
    silence(responder)
    fire(make_alert("Up", service="cache"), make_alert("Down"))
    assert Incident.objects.get().alerts.get().name == "Up"


def test_a_silence_that_is_coming_or_over_stops_nothing(fire, responder, clock):
    silences.create(
        [match("alertname", "=", "Down")], starts=product_clock.now() + timedelta(hours=1), ends=product_clock.now() + timedelta(hours=2), actor=responder
    )
    fire(make_alert())
    assert Incident.objects.count() == 1
    clock.move("+3h")
    fire(make_alert(service="cache", instance="2"))
    assert Incident.objects.count() == 2


def test_what_belongs_to_an_incident_goes_on_belonging_and_its_end_is_told(fire, responder, kinds):
    alert = make_alert()
    fire(alert)
    silence(responder)
    fire(alert, make_alert(instance="2"))
    incident = Incident.objects.get()
    assert incident.alerts.count() == 1 and incident.alerts.get().silence is None
    fire(ended(alert))
    incident.refresh_from_db()
    assert incident.recovered_at is not None and kinds(incident)[-2:] == ["detection.alerts", "incidents.recovered"]


def test_a_silenced_refire_restarts_no_watch_and_reopens_nothing(fire, responder, clock, kinds):
    alert = make_alert()
    fire(alert)
    fire(ended(alert))
    lifecycle.transition(Incident.objects.get(), State.WATCHING, actor=responder)
    silence(responder)
    clock.move("+5m")
    told = kinds(Incident.objects.get())
    fire(make_alert())
    lifecycle.transition(Incident.objects.get(), State.RESOLVED, actor=responder)
    clock.move("+5m")
    fire(make_alert(instance="2"))
    incident = Incident.objects.get()
    assert incident.state == State.RESOLVED and "incidents.watch_restarted" not in kinds(incident) and kinds(incident)[: len(told)] == told


def test_a_candidates_alert_that_grows_graver_under_a_silence_waits(fire, responder, clock):
    alert = make_alert(severity="warning")
    fire(alert)
    held = silence(responder)
    fire({**alert, "labels": {**alert["labels"], "severity": "critical"}})
    assert not Incident.objects.exists() and Candidate.objects.get().status == "waiting"
    silences.end(held, actor=responder)
    assert sweep_silences() == 1
    assert Incident.objects.get().severity == "P1" and Candidate.objects.get().status == "joined"
    assert audit.invariants(full=True) == []


def test_an_end_under_a_silence_is_the_end_of_it(fire, responder):
    held = silence(responder)
    alert = make_alert()
    fire(alert)
    fire(ended(alert))
    silences.end(held, actor=responder)
    assert sweep_silences() == 0 and nothing_happened()
    assert "Came and went while it was silenced" in " ".join(why.explain(Alert.objects.get()))


@pytest.mark.parametrize("by", ["time", "hand"])
@pytest.mark.parametrize(("severity", "left"), [("critical", "incident"), ("warning", "candidate"), ("info", "nothing")])
def test_what_still_fires_when_it_is_over_is_placed_once(fire, responder, clock, by, severity, left):
    held = silence(responder)
    alert = make_alert(severity=severity)
    fire(alert, make_alert(severity=severity, instance="2"))
    if by == "time":
        clock.move("+61m")
    else:
        silences.end(held, actor=responder)
        silences.end(held, actor=responder)  # harmless
    assert sweep_silences() == 2 and sweep_silences() == 0
    fire(alert)
    assert (Incident.objects.count(), Candidate.objects.count()) == {"incident": (1, 0), "candidate": (0, 1), "nothing": (0, 0)}[left]
    assert not Alert.objects.exclude(silence=None).exists() and set(Alert.objects.values_list("times", flat=True)) == {1, 2}
    assert "placed when that was over" in " ".join(why.explain(Alert.objects.get(fingerprint=alert["fingerprint"])))
    assert audit.invariants(full=True) == []
    if left == "incident":
        assert abs(Incident.objects.get().detected_at - product_clock.now()) < timedelta(minutes=1)


def test_a_resend_after_it_is_over_is_placed_before_the_sweep_comes(fire, responder, clock):
    silence(responder)
    alert = make_alert()
    fire(alert)
    clock.move("+61m")
    fire(alert)
    assert Incident.objects.get().alerts.count() == 1 and sweep_silences() == 0


def test_another_silence_holds_on(fire, responder, clock):
    first, second = silence(responder), silence(responder, minutes=30)
    fire(make_alert())
    assert Alert.objects.get().silence == first
    silences.end(first, actor=responder)
    assert sweep_silences() == 1 and Alert.objects.get().silence == second and sweep_silences() == 0
    clock.move("+31m")
    sweep_silences()
    assert Incident.objects.count() == 1


def test_what_no_longer_matches_is_placed(send, client, responder):
    keys.create("generic", "Own", actor=None, key="f" * 32)
    silences.create([match("team", "=", "a")], ends=product_clock.now() + timedelta(hours=1), actor=responder)
    for team in ("a", "b"):
        body = {"title": "T", "severity": "critical", "dedup_key": "k", "labels": {"team": team}}
        assert client.post(f"/ingest/generic/{'f' * 32}/", body, content_type="application/json").status_code == 202
        assert Incident.objects.count() == (team == "b")


def test_an_extended_silence_lasts(fire, responder, clock):
    held = silence(responder, minutes=10)
    fire(make_alert())
    silences.extend(held, product_clock.now() + timedelta(hours=2), actor=responder)
    clock.move("+1h")
    assert sweep_silences() == 0 and nothing_happened()
    clock.move("+2h")
    assert sweep_silences() == 1
    with pytest.raises(Refused) as refused:
        silences.extend(held, product_clock.now() + timedelta(hours=2), actor=responder)
    assert refused.value.status == 409


def test_holding_a_source_holds_its_p1s_for_15_minutes_and_no_other_source(fire, source, person, clock, client):
    commander = person("cara", roles=["commander"])
    keys.create("generic", "Own", actor=None, key="f" * 32)
    held = silences.hold(source, actor=commander)
    assert silences.hold(source, actor=commander) == held
    fire(make_alert("Down"), make_alert("Slow", service="cache", severity="warning"))
    assert nothing_happened()
    client.post(f"/ingest/generic/{'f' * 32}/", {"title": "T", "severity": "critical"}, content_type="application/json")
    assert Incident.objects.count() == 1
    clock.move("+14m")
    assert sweep_silences() == 0
    clock.move("+2m")
    assert sweep_silences() == 2 and Incident.objects.count() == 2 and Candidate.objects.count() == 1


def test_rights_and_the_audit_trail(source, responder, person):
    viewer, commander = person("vera", roles=["viewer"]), person("cara", roles=["commander"])
    with pytest.raises(Forbidden):
        silence(viewer)
    for act in (lambda: silences.hold(source, actor=responder), lambda: silence(responder, source=source)):
        with pytest.raises(Forbidden):
            act()
    held = silences.hold(source, actor=commander)
    with pytest.raises(Forbidden):
        silences.extend(held, product_clock.now() + timedelta(hours=1), actor=responder)
    with pytest.raises(Forbidden):
        silences.end(held, actor=viewer)
    silences.end(held, actor=responder)
    silences.extend(silence(responder), product_clock.now() + timedelta(hours=3), actor=responder)
    assert set(AuditEntry.objects.filter(action__regex="^(hold|silence)").values_list("action", flat=True)) == {
        "hold.create", "hold.end", "silence.create", "silence.extend",
    }  # fmt: skip


def test_what_the_portal_reports_itself_cannot_be_held(admin):
    with pytest.raises(Refused):
        silences.hold(own_source(), actor=admin)


def test_silences_cost_one_query_at_the_door_however_many_there_are(fire, responder):
    def cost(**labels):
        with CaptureQueriesContext(connection) as found:
            fire(make_alert(**labels), make_alert(severity="info", **{**labels, "instance": labels["instance"] + "b"}))
        return len(found)

    fire(make_alert("Up", instance="0"))
    one = cost(name="Up", instance="1")
    for number in range(20):
        silence(responder, alertname=f"N{number}")
    assert cost(name="Up", instance="2") == one


def test_the_sweep_costs_the_same_for_1_and_30_alerts(fire, responder):
    def cost(run, count):
        held = silence(responder)
        fire(*(make_alert(instance=f"{run}-{number}") for number in range(count)))
        silences.end(held, actor=responder)
        with CaptureQueriesContext(connection) as found:
            assert sweep_silences() == count
        return len(found)

    cost("first", 1)
    assert cost("one", 1) == cost("many", 30)


def test_a_forgotten_one_is_found_by_the_audit(fire, responder, clock):
    silence(responder)
    fire(make_alert())
    clock.move("+80m")
    assert any("silence was over" in finding for finding in audit.invariants())


# --- a dismissed incident goes on absorbing its own re-sends ----------------------------------------------------


@pytest.mark.parametrize("again", ["same", "graver", "continued", "reworded", "late end"])
def test_a_dismissed_incident_absorbs_what_it_had(fire, responder, kinds, again):
    alert = make_alert(severity="error", start=product_clock.now() - timedelta(minutes=30))
    fire(alert, make_alert("Other"))
    lifecycle.transition(Incident.objects.get(), State.DISMISSED, actor=responder, note="a test")
    said = {
        "same": alert,
        "graver": {**alert, "labels": {**alert["labels"], "severity": "critical"}},
        "continued": {**alert, "startsAt": make_alert()["startsAt"]},
        "reworded": {**alert, "annotations": {"summary": "97 %"}},
        "late end": ended(alert),
    }[again]
    fire(said)
    fire(said)
    incident = Incident.objects.get()
    assert incident.state == State.DISMISSED and "incidents.reopened" not in kinds(incident)
    assert audit.invariants(full=True) == []


def test_a_new_episode_after_an_end_is_new_for_a_dismissed_incident(fire, responder, clock):
    alert = make_alert()
    fire(alert)
    lifecycle.transition(Incident.objects.get(), State.DISMISSED, actor=responder, note="a test")
    fire(ended(alert))
    clock.move("+5m")
    fire(make_alert())
    assert sorted(Incident.objects.values_list("state", flat=True)) == ["declared", "dismissed"]


@pytest.mark.parametrize("again", ["same", "continued", "reworded"])
def test_a_dismissed_candidate_absorbs_what_it_had(fire, responder, again):
    alert = make_alert(severity="warning", start=product_clock.now() - timedelta(minutes=30))
    fire(alert)
    candidates.dismiss(Candidate.objects.get(), actor=responder)
    said = {
        "same": alert,
        "continued": {**alert, "startsAt": make_alert()["startsAt"]},
        "reworded": {**alert, "annotations": {"summary": "97 %"}},
    }[again]
    fire(said)
    assert Candidate.objects.get().status == "dismissed" and not Incident.objects.exists()
    fire({**said, "status": "resolved", "endsAt": make_alert()["startsAt"]})
    fire(make_alert(severity="warning", start=product_clock.now()))
    assert sorted(Candidate.objects.values_list("status", flat=True)) == ["dismissed", "waiting"]


# --- at once ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_open_one_incident(client):
    playbook.in_force()
    keys.create("alertmanager", "Alertmanager", actor=None, key=KEY)
    held = silence()
    payload = notification(*(make_alert(instance=str(number)) for number in range(5)))
    assert client.post(f"/ingest/alertmanager/{KEY}/", payload, content_type="application/json").status_code == 202
    silences.end(held, actor=None)
    barrier = Barrier(4)

    def sweep(_number):
        barrier.wait()
        try:
            return sweep_silences()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(sweep, range(4)))
    assert sum(counts) == 5 and Incident.objects.get().alerts.count() == 5
    assert not Alert.objects.exclude(silence=None).exists() and AlertGroup.objects.count() == 1


@pytest.mark.parametrize("says_nothing", [("zzz", "!=", "x"), ("alertname", "=~", ".*"), ("zzz", "!~", "q")])
def test_what_leaves_nothing_out_is_a_hold_and_needs_command(db, responder, person, says_nothing):
    source, _key = keys.create("generic", "Script", actor=None)
    ends = product_clock.now() + timedelta(minutes=5)
    with pytest.raises(Forbidden):
        silences.create([match(*says_nothing)], source=source, ends=ends, actor=responder)
    with pytest.raises(Refused):
        silences.create([match(*says_nothing)], ends=ends, actor=responder)
    silences.create([match(*says_nothing)], source=source, ends=ends, actor=person("cora", roles=["commander"]))


def test_a_service_that_is_gone_holds_no_alert_back(fire, responder, clock):
    silence(responder, minutes=5)
    fire(make_alert("Down", severity="critical", service="cache"))
    Alert.objects.get().service.__class__.objects.filter(slug="cache").update(archived=True)
    clock.move("+6m")
    sweep_silences()
    assert Alert.objects.get().incident is not None


def test_a_pattern_that_is_no_longer_taken_shuts_no_door(fire, responder):
    held = silence(responder)
    Silence.objects.filter(pk=held.pk).update(matchers=[match("alertname", "=~", "(a+)+" * 3)])
    fire(make_alert("Down", severity="critical", service="cache"))
    assert Alert.objects.get().incident is not None
