"""Tables that only grow: database triggers refuse UPDATE, DELETE and TRUNCATE, whoever asks."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import truncate_name

PROTECTED: dict[type[models.Model], str] = {}

# The door. PostgreSQL: a setting local to the transaction, which the trigger reads. SQLite: a row that is written and taken
# away in one transaction, so that no other connection ever sees it. Neither is a model, so that flush leaves them alone.
DOOR = "lib_append_only_door"
FUNCTION = "lib_append_only"
FUNCTION_BODY = """
BEGIN
  IF current_setting('portal.append_only_door', true) = 'open' THEN
    RETURN CASE WHEN TG_OP = 'UPDATE' THEN NEW ELSE OLD END;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
"""


class Trigger(NamedTuple):
    """One trigger: its name, its table and the statement that makes it."""

    name: str
    table: str
    sql: str

    @property
    def mark(self) -> str:
        """The comment that PostgreSQL keeps beside it, to tell an older form."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def protect(model: type[models.Model], *, allow_update: str = "") -> None:
    """Make `model` append-only. `allow_update` is the one SQL condition on OLD and NEW under which a row may change
    ({true} and {false} stand for the database's booleans). A refused statement raises IntegrityError."""
    PROTECTED[model] = allow_update


@contextmanager
def unlocked(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """The one door: in this block, which is one transaction, protected rows may be changed. For flush, restore and migrations."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        on_postgres = connections[using].vendor == "postgresql"
        if on_postgres:
            cursor.execute("SELECT current_setting('portal.append_only_door', true)")
            before = cursor.fetchone()[0] or "shut"
            cursor.execute("SELECT set_config('portal.append_only_door', 'open', true)")
        else:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {DOOR} (is_open integer)")
            cursor.execute(f"INSERT INTO {DOOR} VALUES (1)")  # noqa: S608 - a constant
        yield
        # After an exception the rollback closes it: both doors are part of the transaction.
        if on_postgres:
            cursor.execute("SELECT set_config('portal.append_only_door', %s, true)", [before])
        else:
            cursor.execute(f"DELETE FROM {DOOR} WHERE rowid = (SELECT max(rowid) FROM {DOOR})")  # noqa: S608 - a constant


def install(app_config: AppConfig | None = None, using: str = DEFAULT_DB_ALIAS, **_kwargs: Any) -> None:
    """Make the triggers that are missing or outdated (receiver of post_migrate; all apps when called without one). Idempotent."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
    wanted = [one for one in triggers(connection, app_config) if one.table in tables]
    if not wanted:
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {DOOR} (is_open integer)")
        elif not _has_function(cursor):
            cursor.execute(f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS %s", [FUNCTION_BODY])
        for trigger in _lacking(connection, cursor, wanted):
            _create(connection, cursor, trigger)


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """What protects less than it should: "table.trigger" for each one that is absent, switched off or not ours."""
    connection = connections[using]
    wanted = triggers(connection)
    with connection.cursor() as cursor:
        if wanted and connection.vendor == "postgresql" and not _has_function(cursor):
            return [f"{FUNCTION}()"]
        return [f"{one.table}.{one.name}" for one in _lacking(connection, cursor, wanted)]


def triggers(connection: BaseDatabaseWrapper, app_config: AppConfig | None = None) -> list[Trigger]:
    """Every trigger that should exist on this database."""
    found = []
    for model, allow_update in PROTECTED.items():
        if app_config is not None and model._meta.app_label != app_config.label:
            continue
        for event in ("update", "delete", "truncate") if connection.vendor == "postgresql" else ("update", "delete"):
            condition = allow_update.format(true="TRUE", false="FALSE") if event == "update" else ""
            found.append(_trigger(connection, model._meta.db_table, event, condition))
    return found


def _trigger(connection: BaseDatabaseWrapper, table: str, event: str, condition: str) -> Trigger:
    name = truncate_name(f"{table}_no_{event}", 60)
    # IS NOT TRUE, not NOT: a condition that comes out NULL allows nothing.
    refused = f"({condition}) IS NOT TRUE" if condition else ""
    if connection.vendor == "postgresql":
        each = "STATEMENT" if event == "truncate" else "ROW"
        when = f" WHEN ({refused})" if refused else ""
        sql = f'CREATE TRIGGER "{name}" BEFORE {event.upper()} ON "{table}" FOR EACH {each}{when} EXECUTE FUNCTION {FUNCTION}()'
    else:
        shut = f"NOT EXISTS (SELECT 1 FROM {DOOR})"  # noqa: S608 - a constant
        when = f"{shut} AND {refused}" if refused else shut
        sql = f'CREATE TRIGGER "{name}" BEFORE {event.upper()} ON "{table}" WHEN {when} BEGIN SELECT RAISE(ABORT, \'{table} is append-only\'); END'
    return Trigger(name, table, sql)


def _create(connection: BaseDatabaseWrapper, cursor: Any, trigger: Trigger) -> None:
    if connection.vendor == "postgresql":
        cursor.execute(f'DROP TRIGGER IF EXISTS "{trigger.name}" ON "{trigger.table}"')
        cursor.execute(trigger.sql)
        # ALWAYS: also under session_replication_role = replica, the usual way around triggers.
        cursor.execute(f'ALTER TABLE "{trigger.table}" ENABLE ALWAYS TRIGGER "{trigger.name}"')
        cursor.execute(f'COMMENT ON TRIGGER "{trigger.name}" ON "{trigger.table}" IS %s', [trigger.mark])
    else:
        cursor.execute(f'DROP TRIGGER IF EXISTS "{trigger.name}"')
        cursor.execute(trigger.sql)


def _lacking(connection: BaseDatabaseWrapper, cursor: Any, wanted: list[Trigger]) -> list[Trigger]:
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT c.relname, t.tgname, obj_description(t.oid, 'pg_trigger') FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND c.relnamespace = current_schema()::regnamespace"
        )
        found = {(table, name): mark for table, name, mark in cursor.fetchall()}
        return [one for one in wanted if found.get((one.table, one.name)) != one.mark]
    cursor.execute("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'")
    found = {(table, name): sql for table, name, sql in cursor.fetchall()}
    lacking = [one for one in wanted if found.get((one.table, one.name)) != one.sql]
    cursor.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = %s", [DOOR])
    return lacking if cursor.fetchone() else wanted


def _has_function(cursor: Any) -> bool:
    cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = %s AND pronamespace = current_schema()::regnamespace", [FUNCTION])
    return (FUNCTION_BODY,) in cursor.fetchall()
