"""The shipped playbook holds the manual's figures; versions, edits and the three-way load."""

from copy import deepcopy

import pytest

from accounts.models import AuditEntry
from incidents import playbook
from incidents.models import PlaybookVersion, Role, Service, ServiceGroup, Team
from incidents.playbook.versions import merge
from lib.errors import Refused
from lib.i18n import LANGUAGES

MIN, H = 60, 3600


def shipped():
    return deepcopy(playbook.shipped_content())


def test_the_shipped_playbook_has_no_problem():
    assert playbook.check(shipped()) == []


def test_severities_carry_the_manuals_targets():
    rules = playbook.current()
    found = {code: (rule.rto_seconds, rule.rpo_seconds, rule.respond_within_seconds, rule.is_working_time) for code, rule in rules.severities.items()}
    assert found == {
        "P1": (15 * MIN, 5 * MIN, 0, False),
        "P2": (H, 15 * MIN, 30 * MIN, False),
        "P3": (4 * H, 30 * MIN, 2 * H, True),
        "P4": (24 * H, 2 * H, 9 * H, True),  # one working day of nine hours ends within the next
    }
    assert [(rules.severity(code).ack_lease_seconds, rules.severity(code).watch_seconds) for code in ("P1", "P2")] == [(600, 1800), (1800, 0)]
    assert [rule.notice_to for rule in rules.severities.values()] == ["response_teams", "owner_team", "owner_lead", "owner_lead"]
    assert rules.severity("P1").commander_within_seconds == 300


@pytest.mark.parametrize(("share", "code"), [(100, "P1"), (50.1, "P1"), (50, "P2"), (20, "P2"), (19.9, "P3"), (0.5, "P3"), (0, None)])
def test_the_share_of_users_suggests_a_severity(share, code):
    assert playbook.current().suggested_severity(share) == code


RESPONSE = {
    "P1": {"confirm": 5, "war_room": 5, "first_diagnosis": 10, "start_fix": 15, "finish_fix": 30, "recovery_notice": 60},
    "P2": {"confirm": 30, "assess_impact": 5, "investigate": 10, "repair_plan": 15, "repair": 30, "verify_repair": 60},
    "P3": {"confirm": 30, "queue": 5, "handle": 30, "repair_plan": 60},
}


@pytest.mark.parametrize("severity", RESPONSE)
def test_the_response_timeline_is_the_manuals(severity):
    steps = playbook.current().steps("response", severity)
    assert {step.key: step.offset_seconds // MIN for step in steps if step.offset_seconds is not None} == RESPONSE[severity]


def test_the_response_checklist_is_for_p1_and_p2_in_four_spans():
    rules = playbook.current()
    per_span = {code: [step.offset_seconds // MIN for step in rules.steps("response_checklist", code)] for code in ("P1", "P2", "P3", "P4")}
    assert {code: [spans.count(span) for span in (5, 15, 30, 60)] for code, spans in per_span.items()} == {
        "P1": [4, 4, 4, 4],
        "P2": [4, 4, 3, 4],  # users are told at once for a P1 only
        "P3": [0, 0, 0, 0],
        "P4": [0, 0, 0, 0],
    }
    assert len(rules.steps("rollback_checklist", "P1")) == 13
    assert len(rules.steps("communication_checklist", "P1")) == 8


def test_the_war_room_hears_every_15_30_60_minutes():
    rules = playbook.current()
    assert [rules.cadence("war_room", code) for code in ("P1", "P2", "P3", "P4")] == [900, 1800, 3600, None]
    assert rules.cadence("nobody", "P1") is None
    assert rules.items("promises")["user_mail"]["next_update_seconds"] == 1800
    assert rules.items("promises")["user_mail"]["expected_recovery_seconds"] == 3600


SERVICES = {
    "api-gateway": (300, 60, "99.95", "core"),
    "agent-coordinator": (600, 300, "99.9", "core"),
    "user-authentication": (300, 60, "99.95", "core"),
    "workflow-engine": (900, 600, "99.8", "core"),
    "primary-database": (900, 300, "99.9", "data"),
    "cache": (300, 0, "99.5", "data"),
    "file-storage": (1800, 900, "99.8", "data"),
    "metrics-collection": (600, 300, "99.8", "monitoring"),
    "alerting": (120, 30, "99.95", "monitoring"),
    "logging": (1200, 600, "99.5", "monitoring"),
}


def test_services_are_projected_with_their_objectives_and_owner():
    rows = {row.slug: row for row in Service.objects.select_related("group", "owner")}
    found = {slug: (row.rto_seconds, row.rpo_seconds, str(row.availability_percent.normalize()), row.group.slug) for slug, row in rows.items()}
    assert found == SERVICES
    assert all(row.owner for row in rows.values())
    assert {one.slug for one in rows["alerting"].depends_on.all()} == {"metrics-collection"}


def test_teams_are_the_six_of_the_manual():
    assert list(Team.objects.values_list("slug", flat=True)) == ["operations", "application", "database", "security", "user-support", "product"]
    assert Team.objects.get(slug="database").channel == "#db-emergency"
    assert len(playbook.current().response_teams) == 6


def texts(value):
    if isinstance(value, dict) and value and set(value) <= set(LANGUAGES):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def test_every_shipped_text_is_there_in_both_languages():
    found = list(texts(shipped()))
    assert len(found) > 150
    assert [text for text in found if set(text) != set(LANGUAGES) or not all(text.values())] == []


def test_every_kind_that_ticks_a_step_can_be_recorded_or_belongs_to_a_later_room():
    from incidents.catalogue import sentences

    kinds = {word.partition(":")[0] for item in shipped()["steps"].values() for word in item["done_on"]}
    assert {kind for kind in kinds if kind not in sentences()} <= {"statuspage.published"}


def test_steps_name_roles_that_exist():
    assert {item["role"] for item in shipped()["steps"].values()} <= set(Role.values)


def test_loading_the_same_again_makes_no_version():
    before = PlaybookVersion.objects.count()
    assert playbook.load().number == playbook.load().number
    assert PlaybookVersion.objects.count() == before == 1


def test_a_restart_never_changes_an_edit_and_untouched_items_follow(commander):
    item = {**playbook.current().items("services")["cache"], "rto_seconds": 999}
    playbook.edit("services", "cache", item, actor=commander)
    release = shipped()
    release["services"]["cache"]["rto_seconds"] = 111
    release["services"]["logging"]["rto_seconds"] = 222
    version = playbook.load(release)
    assert Service.objects.get(slug="cache").rto_seconds == 999
    assert Service.objects.get(slug="logging").rto_seconds == 222
    assert [(one.section, one.key, one.kind, one.shipped["rto_seconds"]) for one in playbook.diff()] == [("services", "cache", "changed", 111)]
    assert playbook.load(release).number == version.number


def test_what_the_team_removed_or_added_stays_so(commander):
    playbook.edit("war_room", "zoom", None, actor=commander)
    playbook.edit("war_room", "phone", {"name": {"en": "Phone"}, "address": "+1 555 0100"}, actor=commander)
    playbook.load(shipped())
    assert set(playbook.current().items("war_room")) == {"slack", "document", "phone"}
    assert {(one.key, one.kind) for one in playbook.diff()} == {("zoom", "removed"), ("phone", "added")}


def test_what_a_release_drops_goes_unless_it_was_edited(commander):
    item = {**playbook.current().items("targets")["disk"], "value": 90}
    playbook.edit("targets", "disk", item, actor=commander)
    release = shipped()
    del release["targets"]["disk"], release["targets"]["cpu"]
    playbook.load(release)
    assert "cpu" not in playbook.current().items("targets")
    assert playbook.current().items("targets")["disk"]["value"] == 90


def test_taking_the_shipped_one_back_leaves_no_difference(commander):
    playbook.edit("war_room", "zoom", None, actor=commander)
    playbook.edit("war_room", "zoom", shipped()["war_room"]["zoom"], actor=commander)
    assert playbook.diff() == []


def test_saying_what_is_already_so_makes_no_version(commander):
    number = playbook.current().number
    assert playbook.edit("cadences", "war_room", dict(playbook.current().items("cadences")["war_room"]), actor=commander).number == number


def test_an_edit_is_audited(commander):
    playbook.edit("war_room", "zoom", None, actor=commander)
    entry = AuditEntry.objects.order_by("-seq").first()
    assert (entry.action, entry.actor) == ("playbook.version", commander)


def test_all_problems_are_named_at_once_and_nothing_is_kept(commander):
    number = playbook.current().number
    content = shipped()
    content["severities"]["P1"]["rto_seconds"] = -1
    content["services"]["cache"]["owner"] = "nobody"
    content["services"]["cache"]["colour"] = "red"
    content["services"]["logging"]["dashboard_url"] = "javascript:alert(1)"
    content["services"]["alerting"]["name"] = {"fr": "alerte"}
    content["steps"]["response.confirm"]["done_on"] = ["no kind"]
    del content["severities"]["P4"]
    content["pets"] = {}
    problems = playbook.check(content)
    starts = [
        "pets", "severities/P1/rto_seconds", "severities/P4", "services/cache/owner", "services/cache/colour", "services/logging/dashboard_url",
        "services/alerting/name", "steps/response.confirm/done_on",
    ]  # fmt: skip
    assert [start for start in starts if not any(problem.startswith(start) for problem in problems)] == []
    with pytest.raises(Refused) as refused:
        playbook.replace(content, actor=commander)
    assert refused.value.status == 422
    assert refused.value.extra["problems"]
    assert playbook.current().number == number


@pytest.mark.parametrize("content", [None, [], "x", {"services": 3}, {"services": {"a": 3}}, {"services": {"a": {"name": [1]}}}, {"steps": {"a": {"due": []}}}])
def test_shapeless_content_is_refused_in_words(content):
    assert playbook.check(content)


@pytest.mark.parametrize("value", [True, "15", 1.5, float("nan"), float("inf"), 10**30, [], {"P1": 1}])
def test_a_target_takes_whole_seconds_only(value):
    content = shipped()
    content["severities"]["P1"]["rto_seconds"] = value
    assert any("severities/P1/rto_seconds" in problem for problem in playbook.check(content))


def test_an_unknown_section_or_item_is_404(commander):
    for section, key in (("pets", "cat"), ("services", "nothing")):
        with pytest.raises(Refused) as refused:
            playbook.edit(section, key, None, actor=commander)
        assert refused.value.status == 404


def test_a_severity_can_be_neither_removed_nor_added(commander):
    for key, item in (("P4", None), ("P5", playbook.current().items("severities")["P4"])):
        with pytest.raises(Refused):
            playbook.edit("severities", key, item, actor=commander)


def test_a_team_that_owns_a_service_cannot_go(commander):
    with pytest.raises(Refused) as refused:
        playbook.edit("teams", "database", None, actor=commander)
    assert "services/primary-database/owner" in " ".join(refused.value.extra["problems"])


def test_a_removed_service_is_archived_and_comes_back_the_same_row(commander):
    item = dict(playbook.current().items("services")["logging"])
    row = Service.objects.get(slug="logging")
    playbook.edit("services", "logging", None, actor=commander)
    assert Service.objects.get(slug="logging").archived
    playbook.edit("services", "logging", item, actor=commander)
    assert Service.objects.get(slug="logging").pk == row.pk
    assert not Service.objects.get(slug="logging").archived
    assert {one.slug for one in row.depends_on.all()} == {"file-storage"}


def test_an_incident_runs_under_the_version_of_its_declaration(incident, commander):
    item = {**playbook.current().items("severities")["P1"], "rto_seconds": 60}
    playbook.edit("severities", "P1", item, actor=commander)
    assert playbook.incident_playbook(incident).severity("P1").rto_seconds == 900
    assert playbook.current().severity("P1").rto_seconds == 60


def test_reading_an_incidents_rules_again_asks_nothing(incident, django_assert_num_queries):
    from incidents.playbook import reader

    reader._uncommitted.clear()
    playbook.incident_playbook(incident)
    with django_assert_num_queries(0):
        playbook.incident_playbook(incident).steps("response", "P1")


def test_a_load_that_is_rolled_back_leaves_nothing_in_the_cache(commander):
    from django.db import transaction

    with pytest.raises(LookupError), transaction.atomic():
        playbook.edit("war_room", "zoom", None, actor=commander)
        assert "zoom" not in playbook.current().items("war_room")
        raise LookupError
    assert "zoom" in playbook.current().items("war_room")


def test_an_empty_portal_starts_with_the_shipped_rules():
    PlaybookVersion.objects.all().delete()
    assert playbook.current().number == 1
    assert ServiceGroup.objects.count() == 3


def test_a_writer_that_was_overtaken_starts_over(monkeypatch, commander):
    """Two makers of one number: the second finds the number taken and repeats with the newest."""
    from incidents.playbook import versions as module

    stale = playbook.newest()
    playbook.edit("war_room", "zoom", None, actor=commander)
    real, answers = module._hold_newest, [stale]
    monkeypatch.setattr(module, "_hold_newest", lambda: answers.pop() if answers else real())
    playbook.edit("war_room", "document", None, actor=commander)
    assert set(playbook.current().items("war_room")) == {"slack"}


def test_a_section_of_an_absent_room_stays(commander):
    content = {**shipped(), "elsewhere": {"a": {"b": 1}}}
    merged = merge(base=shipped(), ours=content, shipped=shipped())
    assert merged["elsewhere"] == {"a": {"b": 1}}
