"""Fixtures that start real servers; import them in a conftest."""

import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.harness.portal import Portal
from tests.harness.servers import Postgres, Redis
from tests.harness.smtp import Sink


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Makes a new empty database on a private PostgreSQL and returns its address."""
    server = Postgres().start()
    assert isinstance(server, Postgres)
    yield lambda: server.create(f"portal_{secrets.token_hex(4)}")
    server.close()


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """The address of a private Redis."""
    server = Redis().start()
    assert isinstance(server, Redis)
    yield server.url()
    server.close()


@pytest.fixture
def smtp() -> Iterator[Sink]:
    """A real SMTP server that keeps what it gets."""
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture
def make_portal() -> Iterator[Callable[..., Portal]]:
    """Starts portals, which are gone at the end."""
    made: list[Portal] = []

    def make(**values: str) -> Portal:
        made.append(Portal(**values))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for portal in made:
        portal.close()
