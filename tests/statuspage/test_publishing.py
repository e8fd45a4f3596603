"""What becomes public when: never before confirmed, then by the playbook's rule, and by people with the right."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from comms.word_list import WordsFound
from incidents import lifecycle, timeline
from incidents.models import TimelineEntry
from lib.errors import Forbidden, NotFound, Refused
from statuspage import audit, changes, drafts, publishing, snapshot, standard
from statuspage.models import Component, ComponentChange, Draft, Post, PostUpdate
from statuspage.rendering import atlassian
from statuspage.telling import Telling


def kinds(incident):
    return list(PostUpdate.objects.filter(post__incident=incident).order_by("number").values_list("kind", flat=True))


def entries(incident, kind="statuspage.published"):
    return TimelineEntry.objects.filter(incident=incident, kind=kind).count()


def state_of(slug):
    return Component.objects.get(service__slug=slug).state


def test_nothing_is_public_before_confirmed(declare, mina, post_of):
    incident = declare()
    assert post_of(incident) is None and not Draft.objects.exists()
    with pytest.raises(Refused, match="before it is confirmed"):
        publishing.publish(incident, Telling("investigating"), actor=mina)
    assert snapshot.take(incident.declared_at).open == ()


def test_a_confirmed_p1_is_public_at_once_in_standard_words_and_both_languages(declare, clock):
    incident = declare("confirmed")
    [public] = snapshot.take(clock.now()).open
    [update] = public.updates
    assert public.names == {"en": "API gateway: partial outage", "zh-hans": "API 网关：部分中断"}
    assert (public.impact, public.status, public.components) == ("critical", "investigating", ("api-gateway",))
    assert update.paragraphs["en"][0].startswith("We are investigating a problem")
    assert update.paragraphs["zh-hans"][0].startswith("我们发现服务出现异常")
    assert update.next_at - clock.now() <= timedelta(minutes=30)
    assert state_of("api-gateway") == "partial_outage"
    assert "db-7" not in str(public) and incident.reference not in str(public)
    [line] = [line for line in timeline.lines(incident) if line.kind == "statuspage.published"]
    assert "confirmed" in line.why and line.is_machine


@pytest.mark.parametrize(
    ("severity", "updates", "prepared"), [("P1", ["investigating"], None), ("P2", [], "investigating"), ("P3", [], None), ("P4", [], None)]
)
def test_each_severity_follows_its_rule(declare, severity, updates, prepared):
    incident = declare("confirmed", severity=severity)
    assert kinds(incident) == updates
    assert Draft.objects.filter(incident=incident).values_list("kind", flat=True).first() == prepared
    assert entries(incident, "statuspage.prepared") == (prepared is not None)


def test_each_public_state_of_a_p1_is_told_once(declare, post_of, clock):
    incident = declare("confirmed", "diagnosing", "fixing", "rolling_back", "verifying", "watching", "resolved")
    assert kinds(incident) == ["investigating", "identified", "monitoring", "resolved"]
    post = post_of(incident)
    assert (post.status, post.is_open) == ("resolved", False)
    assert state_of("api-gateway") == "operational"
    assert [row.state for row in ComponentChange.objects.order_by("id")] == ["partial_outage", "operational"]
    taken = snapshot.take(clock.now())
    assert taken.open == () and [one.status for one in taken.past] == ["resolved"]
    assert taken.days["api-gateway"][-1].worst == "partial_outage"
    assert audit.invariants(full=True) == []


def test_an_incident_that_is_not_recovered_is_investigated_again_in_public(declare, mina, post_of):
    incident = declare("confirmed", "resolved")
    lifecycle.transition(incident, "diagnosing", actor=mina, note="it is back")
    assert kinds(incident) == ["investigating", "resolved", "investigating"]
    assert post_of(incident).is_open and state_of("api-gateway") == "partial_outage"


def test_a_p2_is_prepared_step_by_step_and_published_by_a_person(declare, mina, post_of):
    incident = declare("confirmed", severity="P2")
    publishing.publish(incident, drafts.told(incident.public_draft), actor=mina)
    assert kinds(incident) == ["investigating"] and not Draft.objects.exists()
    lifecycle.transition(incident, "fixing", actor=mina)
    assert Draft.objects.get().kind == "identified"
    lifecycle.transition(incident, "verifying", actor=mina)
    assert Draft.objects.get().kind == "monitoring" and kinds(incident) == ["investigating"]
    assert post_of(incident).impact == "major"


def test_a_severity_raised_to_p1_follows_the_new_rule(declare, mina):
    incident = declare("confirmed", severity="P2")
    lifecycle.change_severity(incident, "P1", actor=mina, reason="it grows")
    assert kinds(incident) == ["investigating"] and not Draft.objects.exists()


def test_what_a_person_wrote_is_kept_when_the_incident_moves(declare, mina):
    incident = declare("confirmed", severity="P2")
    drafts.save(incident, Telling("investigating", free={"en": "Own words."}), actor=mina)
    lifecycle.transition(incident, "fixing", actor=mina)
    draft = Draft.objects.get()
    assert (draft.kind, drafts.told(draft).free) == ("identified", {"en": "Own words."})


def test_the_recovery_notice_ticks_its_step(declare):
    incident = declare("confirmed", "resolved")
    done = {step.key for step in incident.steps.exclude(done_at=None)}
    assert {"status_page", "recovery_notice", "status_page_current"} <= done


def test_a_false_alarm_that_was_public_waits_to_be_withdrawn(declare, mina, post_of, clock):
    incident = declare("confirmed")
    lifecycle.transition(incident, "dismissed", actor=mina)
    assert kinds(incident) == ["investigating"] and Draft.objects.get().kind == "withdrawn"
    publishing.publish(incident, drafts.told(Draft.objects.get()), actor=mina)
    assert post_of(incident).is_withdrawn and state_of("api-gateway") == "operational"
    assert [one.is_withdrawn for one in snapshot.take(clock.now()).past] == [True]


def test_a_merged_one_that_was_public_waits_for_a_correction_that_ends_it(declare, mina, post_of):
    source, target = declare("confirmed"), declare("confirmed", services=["cache"])
    lifecycle.merge(source, target, actor=mina)
    draft = Draft.objects.get(incident=source)
    assert draft.kind == "correction"
    publishing.publish(source, drafts.told(draft), actor=mina)
    assert post_of(source).status == "resolved" and target.reference not in str(PostUpdate.objects.last().paragraphs)


def test_two_incidents_on_one_component_show_the_worse_until_both_are_over(declare, mina):
    first, second = declare(), declare()
    lifecycle.set_services(first, {"api-gateway": "degraded"}, actor=mina)
    lifecycle.set_services(second, {"api-gateway": "outage"}, actor=mina)
    for incident in (first, second):
        lifecycle.transition(incident, "confirmed", actor=mina)
    assert state_of("api-gateway") == "major_outage"
    lifecycle.transition(second, "resolved", actor=mina)
    assert state_of("api-gateway") == "degraded_performance"
    lifecycle.transition(first, "resolved", actor=mina)
    assert state_of("api-gateway") == "operational"


@pytest.mark.parametrize("severity", ["P1", "P2"])
def test_a_drill_never_becomes_public(declare, mina, severity):
    incident = declare("confirmed", "fixing", drill=True, severity=severity)
    assert not Post.objects.exists() and not Draft.objects.exists()
    with pytest.raises(Refused, match="drill"):
        publishing.publish(incident, Telling("investigating"), actor=mina)


def test_a_private_one_goes_out_by_hand_only_and_under_a_title_of_its_own(declare, mina, post_of):
    incident = declare("confirmed", "fixing", private=True)
    assert not Post.objects.exists() and not Draft.objects.exists()
    with pytest.raises(Refused, match="title"):
        publishing.publish(incident, Telling("identified"), actor=mina)
    publishing.publish(incident, Telling("identified", title={"en": "Sign-in is slow"}), actor=mina, shows_reference=True)
    assert post_of(incident).title["en"] == "Sign-in is slow" and not post_of(incident).shows_reference


def test_publishing_asks_for_the_right(declare, rea, person):
    incident = declare("confirmed", severity="P2")
    with pytest.raises(Forbidden):
        publishing.publish(incident, Telling("investigating"), actor=rea)
    with pytest.raises(Forbidden):
        drafts.save(incident, Telling("investigating"), actor=rea)
    hidden = declare("confirmed", private=True)
    with pytest.raises(NotFound):
        publishing.publish(hidden, Telling("investigating"), actor=person("otto", roles=["admin"]))


def test_publishing_over_something_newer_says_so(declare, mina):
    incident = declare("confirmed")
    publishing.publish(incident, Telling("identified"), actor=mina, seen=1)
    with pytest.raises(Refused, match="meanwhile") as refused:
        publishing.publish(incident, Telling("monitoring"), actor=mina, seen=1)
    assert refused.value.extra == {"published": 2, "seen": 1}
    assert kinds(incident) == ["investigating", "identified"]


@pytest.mark.parametrize("told", [{"free": {"en": "pg-0.db.internal is down"}}, {"title": {"en": "10.0.0.7 is down"}}])
def test_words_that_should_stay_inside_stop_and_ask(declare, mina, told):
    incident = declare("confirmed")
    with pytest.raises(WordsFound):
        publishing.publish(incident, Telling("identified", **told), actor=mina)
    update = publishing.publish(incident, Telling("identified", **told), actor=mina, all_the_same=True)
    assert update.accepted and update.accepted[0]["word"] in timeline.lines(incident)[-1].text


BAD = [
    Telling("better"),
    Telling("resolved"),
    Telling("identified", symptom="melted"),
    Telling("identified", free={"fr": "Bonjour"}),
    Telling("identified", services={"nowhere": "major_outage"}),
    Telling("identified", services={"cache": "on fire"}),
    Telling("identified", next_minutes=0),
    Telling("identified", next_minutes=20_000),
    Telling("identified", title={"en": "x" * 151}),
]


@pytest.mark.parametrize("told", BAD, ids=str)
def test_what_does_not_fit_is_refused_and_changes_nothing(declare, mina, told):
    incident, before = declare("confirmed"), changes.state()
    with pytest.raises(Refused):
        publishing.publish(incident, told, actor=mina)
    assert kinds(incident) == ["investigating"] and changes.state() == before


def test_services_hit_later_lie_ready_to_be_told(declare, mina):
    incident = declare("confirmed")
    lifecycle.set_services(incident, {"api-gateway": "partial", "cache": "outage"}, actor=mina)
    assert Draft.objects.get().components == {"api-gateway": "partial_outage", "cache": "major_outage"}
    assert kinds(incident) == ["investigating"]
    lifecycle.set_services(incident, {"api-gateway": "partial"}, actor=mina)
    assert not Draft.objects.exists()


def test_what_was_published_cannot_be_changed(declare):
    declare("confirmed")
    with pytest.raises(DatabaseError), transaction.atomic():
        PostUpdate.objects.update(paragraphs={})


def test_the_public_title_says_how_badly_and_counts_what_it_does_not_name(shipped):
    assert standard.title({})["zh-hans"] == "服务异常"
    many = dict.fromkeys(["api-gateway", "cache", "logging", "alerting"], "major_outage")
    assert standard.title(many)["en"].endswith("and others: outage")


DOCUMENT = {"en": "What happened", "zh-hans": "经过"}


@pytest.fixture
def report(mina):
    """Publishes a report outside, as `postmortems` records it."""

    def make(incident, document=None):
        with transaction.atomic():
            data = {"document": document or DOCUMENT}
            timeline.record(lifecycle.hold(incident.pk), "postmortems.published_outside", actor=mina, data=data)

    return make


def test_a_report_that_is_published_outside_stands_on_the_post(declare, post_of, clock, report):
    incident = declare("confirmed", "resolved")
    report(incident)
    assert post_of(incident).status == "postmortem"
    [public] = snapshot.take(clock.now()).past
    assert public.postmortem == DOCUMENT and public.postmortem_at


def test_a_report_waits_until_the_public_reads_that_it_is_resolved(declare, mina, clock, report):
    incident = declare("confirmed", severity="P2")
    publishing.publish(incident, Telling("investigating"), actor=mina)
    incident = lifecycle.transition(incident, "resolved", actor=mina, note="done")
    report(incident)
    [public] = snapshot.take(clock.now()).open
    assert public.postmortem is None and public.postmortem_at is None
    clock.move("+10m")
    update = publishing.publish(incident, Telling("resolved"), actor=mina)
    [public] = snapshot.take(clock.now()).past
    assert (public.status, public.postmortem, public.postmortem_at, update.status) == ("postmortem", DOCUMENT, update.published_at, "resolved")


def test_a_report_from_before_the_first_update_is_found(declare, mina, clock, report):
    incident = declare("confirmed", "resolved", severity="P3")
    report(incident)
    assert not Post.objects.exists()
    publishing.publish(incident, Telling("resolved"), actor=mina)
    [public] = snapshot.take(clock.now()).past
    assert (public.status, public.postmortem) == ("postmortem", DOCUMENT)


def test_a_reopened_incident_does_not_lead_with_the_old_report(declare, mina, clock, report):
    incident = declare("confirmed", "resolved")
    report(incident)
    clock.move("+10m")
    incident = lifecycle.transition(incident, "diagnosing", actor=mina, note="again")
    publishing.publish(incident, Telling("investigating"), actor=mina)
    [public] = snapshot.take(clock.now()).open
    assert public.postmortem is None and public.status == "investigating"
    told = json.loads(atlassian.documents(snapshot.take(clock.now()))["summary"])["incidents"][0]
    assert told["incident_updates"][0]["status"] == "investigating" and "postmortem_body" not in told
    clock.move("+10m")
    incident = lifecycle.transition(incident, "resolved", actor=mina, note="done")
    told = json.loads(atlassian.documents(snapshot.take(clock.now()))["incidents"])["incidents"][0]
    times = [one["created_at"] for one in told["incident_updates"]]
    assert times == sorted(times, reverse=True) and told["postmortem_body"] == DOCUMENT["en"]
