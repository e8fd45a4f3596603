"""Races are run again, losses are told apart from mistakes."""

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, ProgrammingError, connection, transaction

from lib import db as product_db


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(product_db.time, "sleep", lambda _seconds: None)


def failing(times, error):
    calls = []

    @product_db.retried
    def act(value):
        calls.append(value)
        if len(calls) <= times:
            raise error
        return value

    return act, calls


def with_code(code, kind=OperationalError):
    cause = Exception()
    cause.pgcode = code
    error = kind("from the server")
    error.__cause__ = cause
    return error


RACES = [OperationalError("database is locked"), product_db.StaleHead(), with_code("40001"), with_code("40P01"), with_code("55P03")]


@pytest.mark.parametrize("error", RACES, ids=repr)
def test_a_lost_race_is_run_again(error):
    act, calls = failing(4, error)
    assert act("x") == "x"
    assert len(calls) == 5


def test_after_five_attempts_the_race_is_lost():
    act, calls = failing(99, RACES[0])
    with pytest.raises(OperationalError):
        act("x")
    assert len(calls) == 5


@pytest.mark.parametrize("error", [IntegrityError("twice"), OperationalError("no such table: x"), ValueError("no")], ids=repr)
def test_other_errors_are_not_run_again(error):
    act, calls = failing(1, error)
    with pytest.raises(type(error)):
        act("x")
    assert len(calls) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", RACES, ids=repr)
def test_inside_a_transaction_the_outermost_decides(error):
    act, calls = failing(1, error)
    with pytest.raises(type(error)), transaction.atomic():
        act("x")
    assert len(calls) == 1


def test_a_stale_head_is_run_again_inside_a_tests_own_transaction(db):
    act, calls = failing(1, product_db.StaleHead())
    assert act("x") == "x"
    assert len(calls) == 2


@pytest.mark.parametrize(
    "error",
    [
        InterfaceError("connection already closed"),
        OperationalError("database is locked"),
        OperationalError("unable to open database file"),
        OperationalError("disk I/O error"),
        with_code("57P01"),
        with_code("57P03"),
        with_code("53300"),
        with_code("53100"),
        with_code("08006"),
        with_code("57014"),
    ],
    ids=repr,
)
def test_a_database_that_cannot_serve_is_away(error):
    assert product_db.is_away(error)


@pytest.mark.parametrize("error", [IntegrityError("twice"), ProgrammingError("syntax"), with_code("42P01", ProgrammingError), ValueError("no")], ids=repr)
def test_a_wrong_query_does_not_mean_away(error):
    assert not product_db.is_away(error)


def test_a_real_mistake_is_not_away(db):
    with pytest.raises((OperationalError, ProgrammingError)) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM nowhere")
    assert not product_db.is_away(caught.value) and not product_db.is_race(caught.value)


def test_lock_works_on_both_databases(db, job_model):
    job_model.objects.create(name="a")
    with transaction.atomic():
        assert product_db.lock(job_model.objects.filter(name="a")).get().name == "a"
