"""The world of these tests: the shipped playbook, people who may publish and who may not, an incident that is public."""

import pytest
from django.test import Client

from incidents import lifecycle, playbook
from statuspage.models import Post


@pytest.fixture
def shipped(db):
    """The rules as they are shipped."""
    playbook.in_force()


@pytest.fixture
def mina(person):
    """Commands and may publish."""
    return person("mina", name="Mina Ops", email="mina@example.test", roles=["commander"])


@pytest.fixture
def rea(person):
    """Responds and may not publish."""
    return person("rea", name="Rea", email="rea@example.test", roles=["responder"])


@pytest.fixture
def declare(shipped, mina):
    """Declares an incident with fixed defaults."""

    def make(*states, **fields):
        incident = lifecycle.declare(**{"title": "db-7 answers 500", "severity": "P1", "services": ["api-gateway"], "actor": mina, "source": "test", **fields})
        for state in states:
            incident = lifecycle.transition(incident, state, actor=mina, note="so it is")
        return incident

    return make


@pytest.fixture
def as_user(db):
    """A browser in which a person is signed in."""

    def enter(user):
        client = Client()
        client.force_login(user)
        return client

    return enter


@pytest.fixture
def post_of():
    """The post of an incident, read anew; None without one."""
    return lambda incident: Post.objects.filter(incident=incident).first()
