"""The test database as it began, to which a transactional test gives it back: only what was written is taken away, and nothing made anew."""

from pathlib import Path

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection

from lib import append_only

KEPT = {"django_migrations", append_only.DOOR}
SCHEMA = "beginning"

_filled: dict[str, str] = {}  # the tables that held rows then, with their columns
_numbering: list[str] = []  # statements that set the sequences behind those rows: a test may have flushed, which sets them back to 1


def remember() -> None:
    """Keep a copy of all rows beside the database: a file for SQLite, a schema for PostgreSQL."""
    _filled.clear()
    with connection.cursor() as cursor:
        for table in _tables(cursor):
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {_quoted(table)})")
            if cursor.fetchone()[0]:
                _filled[table] = ", ".join(map(_quoted, _columns(cursor, table)))
        models = [model for model in apps.get_models(include_auto_created=True) if model._meta.db_table in _filled]
        _numbering[:] = connection.ops.sequence_reset_sql(no_style(), models)
        if connection.vendor == "postgresql":
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            cursor.execute(f"CREATE SCHEMA {SCHEMA}")
            for table, columns in _filled.items():
                cursor.execute(f"CREATE TABLE {SCHEMA}.{_quoted(table)} AS SELECT {columns} FROM {_quoted(table)}")
        else:
            _copy().unlink(missing_ok=True)
            cursor.execute("VACUUM INTO %s", [str(_copy())])


def restore() -> None:
    """Bring the rows back to what they were, in one transaction; constraints are asked at its end, so the order of tables is no matter."""
    on_postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if not on_postgres:
            cursor.execute(f"ATTACH DATABASE %s AS {SCHEMA}", [str(_copy())])
        try:
            with append_only.unlocked():
                statements = [f"DELETE FROM {_quoted(table)}" for table in _tables(cursor)]
                statements += [f"INSERT INTO {_quoted(table)} ({names}) SELECT {names} FROM {SCHEMA}.{_quoted(table)}" for table, names in _filled.items()]
                for statement in ["; ".join([*statements, *_numbering])] if on_postgres else statements:
                    cursor.execute(statement)
        finally:
            if not on_postgres:
                cursor.execute(f"DETACH DATABASE {SCHEMA}")


def _copy() -> Path:
    return Path(f"{connection.settings_dict['NAME']}.{SCHEMA}")


def _tables(cursor) -> list[str]:
    return [table for table in connection.introspection.table_names(cursor) if table not in KEPT]


def _columns(cursor, table: str) -> list[str]:
    """Those that can be written: no generated ones."""
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
    else:
        cursor.execute("SELECT name FROM pragma_table_info(%s)", [table])
    return [name for (name,) in cursor.fetchall()]


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
