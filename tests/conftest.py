"""One small fixed world for all tests, and plain factories with fixed defaults."""

import gc
import ipaddress
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis_settings

from incidents import playbook
from lib import clock as product_clock
from tests import beginning, prepared

hypothesis_settings.register_profile("portal", deadline=None)  # a loaded machine is no failure
hypothesis_settings.load_profile("portal")


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: the collector need not walk it again and again."""
    gc.collect()
    gc.freeze()


class Clock:
    """Time for a test with a database: it runs from `at`, and moves when told."""

    def now(self) -> datetime:
        """What the product takes for the present."""
        return product_clock.now()

    def move(self, shift: str) -> datetime:
        """Move by "+30m", "-5m", "+2h", "+90s"; returns the new present."""
        product_clock.move(product_clock.shift(shift).total_seconds())
        return product_clock.now()

    def at(self, moment: datetime) -> datetime:
        """Make `moment` the present."""
        product_clock.move((moment - product_clock.now()).total_seconds())
        return product_clock.now()


@pytest.fixture
def clock(db: None) -> Clock:
    """Moves the product's time; it is back when the test ends."""
    return Clock()


@pytest.fixture(autouse=True)
def _unmoved_clock() -> Iterator[None]:
    """The offset row of the last test is rolled back; nor may its memory live on."""
    product_clock.forget()
    yield
    product_clock.forget()


def is_loopback(address: Any) -> bool:
    """True for sockets of this machine: a path, localhost, 127/8, ::1, and the unspecified address of a listener."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        parsed = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host in {"localhost", ""}
    return parsed.is_loopback or parsed.is_unspecified


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Connections go to this machine only: a test that reaches further fails."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, real: Any = real) -> Any:
            if not is_loopback(address):
                raise AssertionError(f"a test wants to reach {address!r}; the network is blocked")
            return real(self, address)

        patch.setattr(socket.socket, name, guarded)
    yield
    patch.undo()


@pytest.fixture
def person(db: None, django_user_model: Any) -> Any:
    """A factory of people: `person("ada", roles=["admin"])`."""

    def make(username: str = "sam", *, roles: Any = ("responder",), password: str | None = None, **fields: Any) -> Any:
        fields.setdefault("name", username.title())
        fields.setdefault("email", f"{username}@example.org")
        return django_user_model.objects.create_user(username, password=password, roles=list(roles), **fields)

    return make


@pytest.fixture(autouse=True, scope="session")
def _no_scan() -> None:
    """Each client starts Django's chain anew; static files are then looked up when one asks, not all listed first."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session")
def _prepared(pytestconfig: pytest.Config) -> Path | None:
    """The file of a migrated database, where SQLite is used and may keep one."""
    return prepared.file(pytestconfig.cache.mkdir("database")) if settings.EMBEDDED and pytestconfig.cache else None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, _prepared: Path | None) -> None:
    """A test's database need not outlive a power cut, nor be migrated anew while no migration changed."""
    options = settings.DATABASES["default"]["OPTIONS"]
    if "init_command" in options:
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
    if _prepared:
        prepared.begin_with(_prepared)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any, _prepared: Path | None) -> Iterator[None]:
    """The shipped playbook is there for all tests; a transactional one gives the database back as it began, in place of a flush."""
    with django_db_blocker.unblock():
        if _prepared:
            prepared.keep(_prepared)
        playbook.load()
        beginning.remember()
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _self: beginning.restore())
    yield
    patch.undo()
