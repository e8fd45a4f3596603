"""Two at once: the trail stays whole, one administrator is left, a key runs once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import audit, idempotency, invitations, people
from accounts.models import AuditEntry, IdempotencyKey, User
from lib import db
from lib.errors import Refused

TOGETHER = 4


def at_once(act: Callable[[int], Any], number: int = TOGETHER) -> list[Any]:
    """What each of `number` threads that start together returned or was refused with."""
    gate = Barrier(number)

    def run(index: int) -> Any:
        try:
            gate.wait(timeout=20)
            return act(index)
        except Refused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


@pytest.mark.django_db(transaction=True)
def test_entries_written_at_once_are_one_chain():
    before = audit.head()[0]

    @db.retried
    def act(index: int) -> None:
        for number in range(5):
            with transaction.atomic():
                audit.record("test.race", actor=None, target=f"{index}.{number}")

    at_once(act)
    assert audit.verify() == []
    assert audit.head()[0] - before == AuditEntry.objects.filter(action="test.race").count() == TOGETHER * 5


@pytest.mark.django_db(transaction=True)
def test_administrators_who_remove_each_other_leave_one():
    admins = [people.create(f"admin{number}", actor=None, roles=["admin"], password="a long enough one") for number in range(TOGETHER)]
    at_once(lambda index: people.deactivate(admins[(index + 1) % TOGETHER], actor=admins[index]))
    assert User.objects.active().with_role("admin").count() == 1
    assert audit.verify() == []


@pytest.mark.django_db(transaction=True)
def test_a_key_claimed_at_once_runs_once():
    user = people.create("ada", actor=None)
    results = at_once(lambda _index: idempotency.claim(user, "k", "print"))
    assert sum(isinstance(result, Refused) for result in results) == TOGETHER - 1
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_pressed_at_once_is_taken_once():
    _row, link, _sent = invitations.invite("ada", actor=None)
    secret = link.rstrip("/").rpartition("/")[2]
    results = at_once(lambda index: invitations.accept(secret, "invitation", password=f"a long enough one {index}"))
    assert sum(isinstance(result, User) for result in results) == 1


@pytest.mark.django_db(transaction=True)
def test_the_first_administrator_is_made_by_one():
    User.objects.all().delete()
    made = at_once(lambda _index: people.ensure_first_admin())
    assert sum(password is not None for password in made) == 1
    assert User.objects.count() == 1
