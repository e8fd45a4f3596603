"""When the public hears of what (manual.md §7), and who speaks."""

import pytest

from comms import publication
from incidents import lifecycle, playbook
from lib.i18n import LANGUAGES


@pytest.mark.parametrize(
    ("severity", "expected"),
    [("P1", ("auto", "auto", 0)), ("P2", ("prepare", "prepare", 3600)), ("P3", ("none", "none", 0)), ("P4", ("none", "none", 0))],
)
def test_each_severity_has_the_manuals_rule(declare, severity, expected):
    rule = publication.rule(declare(severity=severity))
    assert (rule.status_page, rule.users, rule.users_after_seconds) == expected


def test_of_a_private_incident_nothing_goes_outward_by_itself(declare):
    assert publication.rule(declare(private=True)) == publication.SILENCE


def test_a_drill_stays_off_the_status_page_and_mails_its_recorder(declare):
    rule = publication.rule(declare(drill=True))
    assert (rule.status_page, rule.users) == ("none", "auto")


def test_the_rule_is_the_one_of_the_incidents_own_playbook(declare, mina):
    before = declare(severity="P2")
    playbook.edit("publication", "P2", {"status_page": "auto", "users": "none"}, actor=mina)
    assert publication.rule(before).users == "prepare"
    assert publication.rule(declare(severity="P2")) == publication.Rule("auto", "none", 0, 0)


def test_it_follows_the_severity_as_it_stands(declare, mina):
    incident = declare(severity="P3")
    lifecycle.change_severity(incident, "P1", actor=mina, reason="it grows")
    incident.refresh_from_db()
    assert publication.rule(incident).status_page == "auto"


def test_both_promise_the_next_update_within_30_minutes_and_the_mail_recovery_within_1_hour(declare):
    incident = declare()
    assert publication.promise(incident, "status_page") == publication.Promise(1800, None)
    assert publication.promise(incident, "users") == publication.Promise(1800, 3600)


def test_the_product_speaks_in_the_readers_language(shipped, mina):
    item = {"name": {"en": "Weather", "zh-hans": "天气"}, "support_mail": "help@example.org", "support_url": "https://example.org/help"}
    playbook.edit("product", "product", item, actor=mina)
    assert [publication.product(language).name for language in LANGUAGES] == ["Weather", "天气"]
    assert publication.product("en").support_mail == "help@example.org"
