"""The world of these tests: the shipped playbook, teams with people, mail servers."""

import pytest

from comms import drain, lanes, outbox, sweeps
from comms.models import Delivery
from incidents import lifecycle, playbook
from incidents.models import Incident, Membership, Team
from tests.calling import api
from tests.comms.smtp import BadServer, Sink

__all__ = ["api"]


@pytest.fixture
def shipped(db):
    """The rules as they are shipped."""
    playbook.in_force()


@pytest.fixture
def mina(person):
    """Operations' lead, reads English in UTC."""
    return person("mina", name="Mina Ops", email="mina@example.test", roles=["commander"])


@pytest.fixture
def wei(person):
    """A member of Database, reads Chinese in Shanghai."""
    return person("wei", name="李伟", email="wei@example.test", roles=["responder"], language="zh-hans", time_zone="Asia/Shanghai")


@pytest.fixture
def teams(shipped, mina, wei):
    """Two teams with one person each."""
    Membership.objects.create(team=Team.objects.get(slug="operations"), person=mina, is_lead=True)
    Membership.objects.create(team=Team.objects.get(slug="database"), person=wei)


@pytest.fixture
def declare(teams, mina):
    """Declares an incident with fixed defaults."""

    def make(**fields):
        return lifecycle.declare(**{"title": "API answers 500", "severity": "P1", "services": ["api-gateway"], "actor": mina, "source": "test", **fields})

    return make


@pytest.fixture
def send(db):
    """Asks for one test message with fixed defaults."""

    def make(key="k1", **fields):
        return outbox.enqueue(
            **{"kind": "channel.test", "channel": "email", "address": "to@example.test", "params": {"asked_by": "Mina"}, "key": key, **fields}
        )

    return make


@pytest.fixture
def mail_url(settings):
    """Points EMAIL_URL somewhere."""

    def point(url):
        settings.EMAIL_URL = url

    return point


@pytest.fixture
def sink(settings):
    """A real mail server that keeps everything."""
    with Sink() as server:
        settings.EMAIL_URL = server.url()
        yield server


@pytest.fixture
def bad(settings):
    """Starts a server that misbehaves by script."""
    servers = []

    def start(login="", **script):
        server = BadServer(**{("." if name == "end" else "" if name == "greeting" else name): answer for name, answer in script.items()}).__enter__()
        servers.append(server)
        settings.EMAIL_URL = server.url(login)
        return server

    yield start
    for server in servers:
        server.__exit__()


@pytest.fixture(autouse=True)
def _inline(request, monkeypatch):
    """Lanes in threads would not see the transaction of a test."""
    mark = request.node.get_closest_marker("django_db")
    if mark is None or not mark.kwargs.get("transaction"):
        monkeypatch.setattr(lanes, "run", lambda found: sum(map(drain.work, sorted(found, key=lambda lane: lane.priority))))


@pytest.fixture
def run():
    """Fans out and drains until nothing is due."""

    def go():
        for _round in range(20):
            if not sweeps.fan_out() + sweeps.drain_outbox():
                return
        raise AssertionError("the outbox never comes to rest")

    return go


@pytest.fixture
def fresh():
    """A row as the database has it now."""
    return lambda row: type(row).objects.get(pk=row.pk)


@pytest.fixture
def kinds():
    """Kinds of an incident's entries in story order."""
    return lambda incident: list(Incident.objects.get(pk=incident.pk).entries.order_by("seq").values_list("kind", flat=True))


@pytest.fixture
def subjects():
    """Subjects of what was sent to a person, in order."""
    return lambda person: list(Delivery.objects.filter(person=person, state="sent").order_by("id").values_list("subject", flat=True))
