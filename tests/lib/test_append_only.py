"""Append-only tables: what is refused, what the door allows, what the audit finds."""

import threading

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from lib import append_only
from tests.lib.conftest import Page

ON_POSTGRES = pytest.param("TRUNCATE lib_page", id="truncate")


def refused(sql):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE lib_page SET text = 'other'",
        "UPDATE lib_page SET is_out = NULL",
        "DELETE FROM lib_page",
        "DELETE FROM lib_page WHERE id > 0",
        "TRUNCATE lib_page",
        "TRUNCATE lib_page CASCADE",
        "REPLACE INTO lib_page (id, text, is_out) SELECT id, 'other', 0 FROM lib_page",
    ],
)
def test_rows_cannot_be_changed(page_model, sql):
    if sql.startswith("TRUNCATE") and connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    if sql.startswith("REPLACE") and connection.vendor != "sqlite":
        pytest.skip("REPLACE is SQLite's")
    page_model.objects.create(text="first")
    refused(sql)
    assert list(page_model.objects.values_list("text", flat=True)) == ["first"]


def test_only_the_allowed_update_passes_and_only_once(page_model):
    page = page_model.objects.create(text="first")
    refused("UPDATE lib_page SET is_out = TRUE, text = 'forged'" if connection.vendor == "postgresql" else "UPDATE lib_page SET is_out = 1, text = 'forged'")
    page_model.objects.filter(pk=page.pk).update(is_out=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        page_model.objects.filter(pk=page.pk).update(is_out=False)


def test_a_condition_that_is_null_allows_nothing(page_model):
    page_model.objects.create(text="first", is_out=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        page_model.objects.update(is_out=True)


def test_the_door_opens_and_closes_again(page_model):
    page_model.objects.create(text="first")
    with append_only.unlocked():
        page_model.objects.update(text="second")
        with append_only.unlocked():
            page_model.objects.update(text="third")
        page_model.objects.update(text="fourth")
        page_model.objects.filter(text="none").delete()
    assert page_model.objects.get().text == "fourth"
    with pytest.raises(IntegrityError), transaction.atomic():
        page_model.objects.all().delete()


def test_the_door_closes_after_an_exception(page_model):
    page_model.objects.create(text="first")
    with pytest.raises(ZeroDivisionError), append_only.unlocked():
        raise ZeroDivisionError
    with pytest.raises(IntegrityError), transaction.atomic():
        page_model.objects.update(text="second")


def test_nothing_is_missing_after_migration(page_model):
    assert append_only.missing() == []


def test_a_dropped_trigger_is_found_and_made_again(page_model):
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER lib_page_no_delete" + (" ON lib_page" if connection.vendor == "postgresql" else ""))
    assert append_only.missing() == ["lib_page.lib_page_no_delete"]
    append_only.install()
    assert append_only.missing() == []
    page_model.objects.create(text="first")
    refused("DELETE FROM lib_page")


def test_a_weakened_trigger_is_found(page_model):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE lib_page DISABLE TRIGGER lib_page_no_update")
        else:
            cursor.execute("DROP TRIGGER lib_page_no_update")
            cursor.execute("CREATE TRIGGER lib_page_no_update BEFORE UPDATE ON lib_page WHEN 0 BEGIN SELECT 1; END")
    assert append_only.missing() == ["lib_page.lib_page_no_update"]


def test_a_replaced_function_is_found(page_model):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's triggers carry their own body")
    with connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE FUNCTION lib_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    assert append_only.missing() == ["lib_append_only()"]


def test_replication_mode_is_no_way_around(page_model):
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL's way around triggers")
    page_model.objects.create(text="first")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    refused("DELETE FROM lib_page")


@pytest.fixture
def kept_page(page_model, transactional_db):
    page_model.objects.create(text="first")
    yield page_model
    with append_only.unlocked():
        page_model.objects.all().delete()
    with connection.cursor() as cursor:
        for trigger in append_only.triggers(connection):
            if trigger.table == "lib_page":
                cursor.execute(f"DROP TRIGGER {trigger.name}" + (" ON lib_page" if connection.vendor == "postgresql" else ""))


def test_an_open_door_is_open_for_its_own_connection_only(kept_page):
    outcome = []

    def elsewhere():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = 10" if connection.vendor == "postgresql" else "PRAGMA busy_timeout = 10")
                cursor.execute("DELETE FROM lib_page")
            outcome.append("deleted")
        except Exception as error:
            outcome.append(str(error))
        finally:
            connection.close()

    with append_only.unlocked():
        kept_page.objects.filter(text="none").delete()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join(10)
    assert "append-only" in outcome[0] or "locked" in outcome[0]
    assert kept_page.objects.count() == 1


def test_flush_goes_through_the_door(kept_page, monkeypatch):
    flushed = 'TRUNCATE "lib_page"' if connection.vendor == "postgresql" else "DELETE FROM lib_page"
    monkeypatch.setattr("django.core.management.commands.flush.sql_flush", lambda *_args, **_kwargs: [flushed])
    call_command("flush", interactive=False, verbosity=0)
    assert kept_page.objects.count() == 0
    assert append_only.missing() == []


def test_models_of_the_suite_know_the_page_only_here():
    assert Page not in append_only.PROTECTED
