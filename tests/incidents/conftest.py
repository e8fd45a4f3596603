"""The incident tests' world: the shipped playbook, three people, one incident."""

import pytest

from incidents import guards, lifecycle, playbook
from tests.calling import api

__all__ = ["api"]


@pytest.fixture(autouse=True)
def shipped_playbook(db):
    """The rules as they are shipped."""
    playbook.in_force()


@pytest.fixture(autouse=True)
def _no_room_above_objects(monkeypatch):
    """What higher rooms have against a transition is theirs to test."""
    monkeypatch.setattr(guards, "GUARDS", {})


@pytest.fixture
def commander(person):
    """May command anything."""
    return person("cara", roles=["commander"])


@pytest.fixture
def responder(person):
    """May respond, not command."""
    return person("rui", roles=["responder"])


@pytest.fixture
def viewer(person):
    """May only see."""
    return person("vic", roles=["viewer"])


@pytest.fixture
def declare(commander):
    """Declares an incident with fixed defaults."""

    def make(**fields):
        return lifecycle.declare(**{"title": "API answers 500", "severity": "P1", "services": ["api-gateway"], "actor": commander, "source": "test", **fields})

    return make


@pytest.fixture
def incident(declare):
    """A P1 on the API gateway."""
    return declare()


@pytest.fixture
def kinds():
    """The kinds of an incident's entries in story order."""
    return lambda incident: list(incident.entries.order_by("seq").values_list("kind", flat=True))
