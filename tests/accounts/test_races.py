"""Two at once: the trail stays whole, one administrator is left, a key runs once."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import audit, idempotency, invitations, people
from accounts.models import AuditEntry, User
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
def test_while_the_first_runs_the_second_is_told_so():
    user = people.create("ada", actor=None)
    begun, refused = Event(), Event()

    def act(index: int) -> Any:
        if index:
            assert begun.wait(20)
            try:
                with idempotency.running(user, "k"):
                    return "ran too"
            finally:
                refused.set()
        with idempotency.running(user, "k"):
            begun.set()
            assert refused.wait(20)
            idempotency.keep(user, "k", "print", idempotency.Answer(201, {}, "{}"))
        return idempotency.first_answer(user, "k", "print")

    first, second = at_once(act, 2)
    assert isinstance(second, Refused) and second.status == 409
    assert first == idempotency.Answer(201, {}, "{}")


@pytest.mark.skipif(not os.environ.get("DATABASE_URL"), reason="on SQLite another process waits for the transaction itself")
@pytest.mark.django_db(transaction=True)
def test_a_key_is_held_against_other_processes_and_free_when_the_connection_dies(monkeypatch):
    user = people.create("ada", actor=None)
    monkeypatch.setattr(db, "_taken", Forgetful())  # as another process would see it: what this one holds is not known there

    def other() -> Any:
        with idempotency.running(user, "k"):
            return "ran"

    def act(_index: int) -> Any:
        with pytest.raises(DatabaseError), idempotency.running(user, "k"):
            refused = at_once(lambda _index: other(), 1)
            with connection.cursor() as cursor:  # what the kernel does to the connection of a killed process
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return refused

    [[refused]] = at_once(act, 1)
    assert isinstance(refused, Refused) and refused.status == 409
    assert at_once(lambda _index: other(), 1) == ["ran"]


@pytest.mark.parametrize("shared", [True, False], ids=["one process", "several"])
@pytest.mark.django_db(transaction=True)
def test_a_form_sent_four_times_at_once_does_its_work_once_and_tells_all_the_same(monkeypatch, rf, shared):
    user = people.create("ada", actor=None)
    if not shared:
        monkeypatch.setattr(db, "_taken", Forgetful())
    done: list[int] = []

    def act(index: int) -> str:
        request = rf.post("/", {"once": "k" * 16, "title": "API answers 500"})
        request.user = user

        def work() -> str:
            audit.record("test.once", actor=None, target=str(index))
            done.append(index)
            return str(index)

        return idempotency.once(request, work)

    told = at_once(act)
    assert len(set(told)) == 1 and told[0] == AuditEntry.objects.get(action="test.once").target
    assert len(done) == 1


class Forgetful(set[str]):
    """Remembers nothing."""

    def add(self, name: str) -> None:
        """Forgotten."""


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
