"""The worked example: history without effects, with the figures of the manual, and one open drill."""

import pytest
from django.core.management import CommandError, call_command

from comms.models import Delivery, Fanout, Obligation
from incidents import verify
from incidents.models import Clock, Incident, Step
from lib.errors import Refused
from portal import auditor, demo
from postmortems import facts
from postmortems.models import ActionItem, Postmortem
from statuspage.models import Post

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded(person):
    person("admin", roles=["admin"])
    return demo.load()


@pytest.fixture
def history(loaded):
    return Incident.objects.get(reference="INC-2024-001")


def test_it_is_the_incident_of_the_manual(history, loaded):
    assert (history.severity, history.state, history.users_affected, history.is_imported) == ("P1", "closed", 8500, True)
    assert facts.lasted(history) == 135 * 60
    assert history.last_seq > 10
    assert verify.verify(history) == []
    assert loaded[1].startswith("DRILL-")


def test_it_shows_which_targets_it_broke(history):
    said = {fact.label: (fact.value, fact.level) for fact in facts.clocks(history)}
    assert said["Until resolved"][0].startswith("135 min") and "15 min: broken" in said["Until resolved"][0]
    assert said["Recovery announced"] == ("75 min (1 h 15 min) after the recovery", "bad")
    assert Clock.objects.get(incident=history, kind="rto").breached_at is not None


def test_the_post_mortem_is_whole_and_published(history):
    found = Postmortem.objects.get(incident=history)
    assert (found.state, str(found.author), found.next_review_on.isoformat()) == ("published", "John Doe", "2024-02-18")
    assert all(section.text for section in found.sections.all())
    assert ActionItem.objects.filter(postmortem=found, state="done").count() == 5
    assert not Step.objects.filter(incident=history).exists()


def test_it_has_no_effects(history):
    assert not Delivery.objects.filter(incident=history).exists() and not Fanout.objects.filter(incident=history).exists()
    assert not Obligation.objects.filter(incident=history).exists() and not Post.objects.exists()
    assert [finding for finding in auditor.audit(full=True).findings if "INC-2024" in finding] == []


def test_a_portal_that_people_live_in_is_left_alone(person):
    person("admin", roles=["admin"])
    person("jane.smith")
    with pytest.raises(Refused, match="in use"):
        demo.load()


def test_a_portal_that_is_not_prepared_says_so(db):
    with pytest.raises(CommandError, match="prepare"):
        call_command("demo")


def test_a_second_time_changes_nothing(loaded, capsys):
    call_command("demo")
    assert "there already" in capsys.readouterr().out
    assert Incident.objects.count() == 2


def test_in_chinese_the_people_write_chinese(person, settings):
    settings.LANGUAGE_CODE = "zh-hans"
    person("admin", roles=["admin"])
    demo.load()
    assert Incident.objects.get(is_imported=True).title == "智能体协调失败：大多数用户遇到 API 错误"


def test_its_pages_open(history, client, loaded):
    client.force_login(Postmortem.objects.get(incident=history).author)
    for path in ("/incidents/INC-2024-001/", "/postmortems/INC-2024-001/", "/postmortems/INC-2024-001/print/", f"/incidents/{loaded[1]}/"):
        assert client.get(path).status_code == 200, path
