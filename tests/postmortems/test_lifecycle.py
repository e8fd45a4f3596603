"""A post-mortem's states, walked as a table; who may do what; the rule about authors."""

import pytest

from accounts.models import AuditEntry
from incidents import lifecycle as incident_lifecycle
from lib.errors import Forbidden, NotFound, Refused
from postmortems import lifecycle as acts
from postmortems.models import Postmortem, Review

STATES = list(Postmortem.State)
ACTS = {
    "in_review": lambda postmortem, who: acts.submit(postmortem, reviewers=[who["lead"]], actor=who["commander"]),
    "approved": lambda postmortem, who: acts.approve(postmortem, actor=who["lead"]),
    "published": lambda postmortem, who: acts.publish(postmortem, actor=who["commander"]),
    "waived": lambda postmortem, who: acts.waive(postmortem.incident, actor=who["commander"], reason="because"),
}


def back(postmortem, who):
    if postmortem.state == "waived":
        return acts.resume(postmortem, actor=who["commander"])
    return acts.give_back(postmortem, actor=who["commander"], comment="more, please")


@pytest.mark.parametrize("to", STATES)
@pytest.mark.parametrize("state", STATES)
def test_the_table_alone_decides(in_state, fill, commander, lead, state, to):
    postmortem, who = in_state(state), {"commander": commander, "lead": lead}
    if state == "draft":
        fill(postmortem)
    act = ACTS.get(to, back)
    if (state == to and to in ("published", "waived")) or (to == "approved" and state in ("approved", "published")):
        assert act(postmortem, who).state == state  # twice is harmless
    elif to in acts.TRANSITIONS[state]:
        assert act(postmortem, who).state == to
    else:
        with pytest.raises(Refused):
            act(postmortem, who)
        assert Postmortem.objects.get().state == state


def test_what_is_empty_is_named_before_the_review(postmortem, commander, lead):
    with pytest.raises(Refused, match="Direct cause") as refused:
        acts.submit(postmortem, reviewers=[lead], actor=commander)
    assert "root_cause.direct" in refused.value.extra["missing"]


def test_all_reviewers_approve(postmortem, fill, commander, lead, responder, kinds):
    fill(postmortem)
    acts.submit(postmortem, reviewers=[lead, responder], actor=commander)
    assert acts.approve(postmortem, actor=lead).state == "in_review"
    assert acts.approve(postmortem, actor=lead).state == "in_review"
    assert acts.approve(postmortem, actor=responder, comment="well put").state == "approved"
    assert kinds(postmortem.incident).count("postmortems.approved") == 2


def test_the_author_cannot_be_the_only_reviewer_while_another_commander_exists(postmortem, fill, commander, lead):
    fill(postmortem)
    with pytest.raises(Refused, match=r"cannot be the only reviewer.*Lena"):
        acts.submit(postmortem, reviewers=[commander], actor=commander)
    lead.is_active = False
    lead.save()
    acts.submit(postmortem, reviewers=[commander], actor=commander)
    assert acts.approve(postmortem, actor=commander).state == "approved"


def test_a_commander_who_was_not_asked_may_approve_but_its_author_may_not(postmortem, fill, commander, lead, responder, person):
    fill(postmortem)
    acts.submit(postmortem, reviewers=[responder], actor=commander)
    with pytest.raises(Forbidden):
        acts.approve(postmortem, actor=commander)
    with pytest.raises(Forbidden):
        acts.approve(postmortem, actor=person("rob", roles=["responder"]))
    assert acts.approve(postmortem, actor=lead).state == "in_review"


def test_returning_needs_words_and_asks_all_anew(in_state, lead, commander):
    postmortem = in_state("in_review")
    with pytest.raises(Refused, match="what is missing"):
        acts.give_back(postmortem, actor=lead, comment=" ")
    acts.give_back(postmortem, actor=lead, comment="The load test is missing")
    assert Review.objects.get().comment == "The load test is missing"
    acts.submit(postmortem, reviewers=[lead], actor=commander)
    assert Review.objects.get().verdict == "waiting"


@pytest.mark.parametrize("act", ["publish", "waive", "resume", "submit", "give_back"])
def test_each_act_is_refused_to_who_lacks_the_right(in_state, viewer, responder, lead, act):
    state = {"publish": "approved", "waive": "draft", "resume": "waived", "submit": "draft", "give_back": "in_review"}[act]
    postmortem = in_state(state)
    who = viewer if act in ("submit", "give_back") else responder
    calls = {
        "publish": lambda: acts.publish(postmortem, actor=who),
        "waive": lambda: acts.waive(postmortem.incident, actor=who, reason="x"),
        "resume": lambda: acts.resume(postmortem, actor=who),
        "submit": lambda: acts.submit(postmortem, reviewers=[lead], actor=who),
        "give_back": lambda: acts.give_back(postmortem, actor=who, comment="x"),
    }
    with pytest.raises(Forbidden):
        calls[act]()
    assert Postmortem.objects.get().state == state


def test_a_waiver_needs_a_reason_and_stays_on_timeline_and_audit_trail(postmortem, commander, kinds):
    with pytest.raises(Refused) as refused:
        acts.waive(postmortem.incident, actor=commander, reason="  ")
    assert refused.value.status == 422
    acts.waive(postmortem.incident, actor=commander, reason="Same cause as last week")
    assert kinds(postmortem.incident)[-1] == "postmortems.waived"
    assert AuditEntry.objects.filter(action="postmortems.waive").count() == 1


def test_publishing_is_audited_and_names_the_next_review(in_state):
    postmortem = in_state("published")
    assert postmortem.edition == 1
    assert postmortem.next_review_on > postmortem.published_at.date()
    assert AuditEntry.objects.filter(action="postmortems.publish").count() == 1


def test_a_private_one_is_not_there_for_others(postmortem, commander, lead):
    incident_lifecycle.set_private(postmortem.incident, True, actor=commander)
    with pytest.raises(NotFound):
        acts.submit(postmortem, reviewers=[], actor=lead)
    assert not Postmortem.objects.visible_to(lead).exists()
    assert Postmortem.objects.visible_to(commander).exists()
