"""Post-mortems open by resolving a P1 or P2; their stages are steps; closing waits for them."""

from datetime import timedelta

import pytest

from incidents import deadlines, lifecycle
from incidents.models import Incident, Step
from lib.errors import Forbidden, Refused
from postmortems import lifecycle as acts
from postmortems import opening
from postmortems.models import Postmortem


def stages(incident):
    return {step.key: step for step in Step.objects.filter(incident=incident, list="postmortem")}


@pytest.mark.parametrize("severity, is_opened", [("P1", True), ("P2", True), ("P3", False), ("P4", False)])
def test_resolving_opens_one_for_a_p1_or_p2(declare, resolve, severity, is_opened):
    incident = resolve(declare(severity=severity))
    assert Postmortem.objects.filter(incident=incident).exists() is is_opened


def test_the_highest_severity_reached_decides(declare, resolve, commander):
    incident = declare(severity="P2")
    lifecycle.change_severity(incident, "P3", actor=commander, reason="smaller than thought")
    incident = resolve(incident)
    assert Postmortem.objects.get(incident=incident).author == commander
    assert stages(incident)["report"].due_at - incident.resolved_at == timedelta(hours=72)


def test_a_drill_opens_none_by_itself_but_may_have_one(declare, resolve, commander):
    incident = resolve(declare(drill=True))
    assert not Postmortem.objects.exists()
    assert opening.open_by_hand(incident, actor=commander).incident == incident
    assert lifecycle.transition(incident, "closed", actor=commander).state == "closed"


def test_the_stages_are_steps_due_after_24_48_and_72_hours(incident, kinds):
    due = {key: step.due_at - incident.resolved_at for key, step in stages(incident).items()}
    assert due == {"preparation": timedelta(hours=24), "meeting": timedelta(hours=48), "report": timedelta(hours=72)}
    assert "postmortems.opened" in kinds(incident)
    assert Step.objects.get(incident=incident, key="schedule_postmortem").done_at is not None
    assert Postmortem.objects.get().due_at == incident.resolved_at + timedelta(hours=72)


def test_a_late_stage_is_recorded(incident, clock):
    clock.move("+25h")
    deadlines.sweep_steps()
    late = incident.entries.filter(kind="incidents.step_late").order_by("-seq")
    assert any('"preparation"' in entry.body.content for entry in late)


def test_reopening_takes_the_stages_back_and_resolving_starts_them_anew(incident, commander, resolve, clock):
    clock.move("+2h")
    lifecycle.transition(incident, "diagnosing", actor=commander, note="it is back")
    assert {step.cancelled_at is None for step in stages(incident).values()} == {False}
    assert Postmortem.objects.get().due_at is None
    clock.move("+1h")
    again = resolve(incident)
    assert stages(again)["preparation"].due_at == again.resolved_at + timedelta(hours=24)
    assert Postmortem.objects.get().due_at == again.resolved_at + timedelta(hours=72)
    assert Postmortem.objects.count() == 1


def test_a_p3_may_have_one_by_hand_once_it_is_resolved(declare, resolve, commander, viewer):
    incident = declare(severity="P3")
    with pytest.raises(Refused):
        opening.open_by_hand(incident, actor=commander)
    incident = resolve(incident)
    with pytest.raises(Forbidden):
        opening.open_by_hand(incident, actor=viewer)
    first = opening.open_by_hand(incident, actor=commander)
    assert opening.open_by_hand(incident, actor=commander) == first
    assert lifecycle.transition(incident, "closed", actor=commander).state == "closed"


@pytest.mark.parametrize("state, closes", [("draft", False), ("in_review", False), ("approved", False), ("published", True), ("waived", True)])
def test_a_p1_closes_only_after_publication_or_waiver(in_state, commander, state, closes):
    postmortem = in_state(state)
    if closes:
        assert lifecycle.transition(postmortem.incident, "closed", actor=commander).state == "closed"
        return
    with pytest.raises(Refused) as refused:
        lifecycle.transition(postmortem.incident, "closed", actor=commander)
    assert refused.value.status == 409
    assert "post-mortem is published, or waived" in str(refused.value)


def test_imported_history_closes_without_one(declare, resolve, commander):
    incident = declare()
    Incident.objects.filter(pk=incident.pk).update(is_imported=True)
    incident = resolve(incident)
    assert not Postmortem.objects.exists()
    assert lifecycle.transition(incident, "closed", actor=commander).state == "closed"


def test_one_that_is_not_there_may_be_waived(declare, resolve, commander):
    incident = resolve(declare())
    Postmortem.objects.get().sections.all().delete()
    Postmortem.objects.all().delete()
    with pytest.raises(Refused, match="has no post-mortem"):
        lifecycle.transition(incident, "closed", actor=commander)
    assert acts.waive(incident, actor=commander, reason="Imported by hand").state == "waived"
    assert lifecycle.transition(incident, "closed", actor=commander).state == "closed"
