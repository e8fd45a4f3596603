"""The world of these tests: a resolved P1 with its post-mortem, people of each kind."""

import pytest

from incidents import lifecycle, playbook
from postmortems import lifecycle as acts
from postmortems import sections
from postmortems.models import Postmortem


@pytest.fixture(autouse=True)
def shipped_playbook(db):
    """The rules as they are shipped."""
    playbook.in_force()


@pytest.fixture
def commander(person):
    """Commands the incident and writes."""
    return person("cara", roles=["commander"])


@pytest.fixture
def lead(person):
    """Another commander, who reviews."""
    return person("lena", roles=["commander"])


@pytest.fixture
def responder(person):
    """May respond, not command, not publish."""
    return person("rui", roles=["responder"])


@pytest.fixture
def viewer(person):
    """May only see."""
    return person("vic", roles=["viewer"])


@pytest.fixture
def declare(commander):
    """Declares an incident that the commander commands."""

    def make(**fields):
        incident = lifecycle.declare(
            **{"title": "API answers 500", "severity": "P1", "services": ["api-gateway"], "actor": commander, "source": "test", **fields}
        )
        lifecycle.acknowledge(incident, actor=commander)
        return incident

    return make


@pytest.fixture
def resolve(commander):
    """Resolves an incident."""
    return lambda incident: lifecycle.transition(incident, "resolved", actor=commander)


@pytest.fixture
def incident(declare, resolve):
    """A resolved P1."""
    return resolve(declare())


@pytest.fixture
def postmortem(incident):
    """Its post-mortem."""
    return Postmortem.objects.select_related("incident").get(incident=incident)


@pytest.fixture
def fill(commander):
    """Writes into every section that a review needs."""

    def make(postmortem, **texts):
        for section in postmortem.sections.select_related("postmortem__incident"):
            text = texts.get(section.key.replace(".", "_"), f"Words about {section.key}." if section.is_required else "")
            if text:
                sections.save(section, text, base=section.number, actor=commander)
        return postmortem

    return make


@pytest.fixture
def in_state(postmortem, fill, commander, lead):
    """Brings the post-mortem into a state by its way."""

    def make(state):
        if state == "waived":
            acts.waive(postmortem.incident, actor=commander, reason="Known flaw, fixed last week")
        elif state != "draft":
            fill(postmortem)
            acts.submit(postmortem, reviewers=[lead], actor=commander)
            if state in ("approved", "published"):
                acts.approve(postmortem, actor=lead)
            if state == "published":
                acts.publish(postmortem, actor=commander)
        return Postmortem.objects.select_related("incident").get(pk=postmortem.pk)

    return make


@pytest.fixture
def kinds():
    """The kinds of an incident's entries in story order."""
    return lambda incident: list(incident.entries.order_by("seq").values_list("kind", flat=True))
