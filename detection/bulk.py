"""Many rows in one statement on either database: Django's own bulk acts split into batches of 999 values on SQLite, its reads cost more than the database's."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


def read(model: type[Row], name: str, values: Iterable[int], *, is_locked: bool = False) -> list[Row]:
    """The rows whose column `name` holds one of these numbers, in the order of their keys; `is_locked` as by `lib.db.lock`."""
    wanted = sorted(set(values))
    if not wanted:
        return []
    is_postgres = connection.vendor == "postgresql"
    among = "= ANY(%s)" if is_postgres else "IN (SELECT value FROM json_each(%s))"
    lock = " FOR NO KEY UPDATE" if is_locked and is_postgres else ""
    sql = f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)} WHERE {connection.ops.quote_name(name)} {among} ORDER BY id{lock}"  # noqa: S608 - our own names
    return list(model._default_manager.raw(sql, [wanted if is_postgres else json.dumps(wanted)]))


def insert(rows: Sequence[models.Model], conflict: str = "") -> None:
    """Insert `rows` (one model, without keys) by one statement; `conflict` is an ON CONFLICT clause of SQL.

    Raises IntegrityError as any insert does.
    """
    if rows:
        fields = [field for field in rows[0]._meta.concrete_fields if not field.primary_key]
        table = connection.ops.quote_name(rows[0]._meta.db_table)
        columns = ", ".join(_column(field) for field in fields)
        chosen = ", ".join(_element(position, field) for position, field in enumerate(fields))
        _execute(f"INSERT INTO {table} ({columns}) SELECT {chosen} FROM {_each()} WHERE true {conflict}", rows, fields)  # noqa: S608 - names of our own columns


def update(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write the fields `names` of `rows` (one model, with keys) by one statement."""
    if rows:
        meta = rows[0]._meta
        assert meta.pk is not None
        fields = [meta.pk, *(meta.get_field(name) for name in names)]
        table = connection.ops.quote_name(meta.db_table)
        chosen = ", ".join(f"{_element(position, field)} AS {_column(field)}" for position, field in enumerate(fields))
        changes = ", ".join(f"{_column(field)} = new.{_column(field)}" for field in fields[1:])
        key = _column(meta.pk)
        sql = f"UPDATE {table} SET {changes} FROM (SELECT {chosen} FROM {_each()}) AS new WHERE {table}.{key} = new.{key}"  # noqa: S608 - our own columns
        _execute(sql, rows, fields)


def _execute(sql: str, rows: Sequence[models.Model], fields: Sequence[Any]) -> None:
    names = [field.attname for field in fields]
    values = [[getattr(row, name) for name in names] for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(values, default=_plain, ensure_ascii=False, separators=(",", ":"))])


def _plain(value: Any) -> str:
    """A time as the database writes it; JSON columns travel as they are."""
    if isinstance(value, datetime):
        return value.isoformat() if connection.vendor == "postgresql" else value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    raise TypeError(f"{type(value).__name__} is nothing that a row in bulk may hold")


def _column(field: Any) -> str:
    return connection.ops.quote_name(field.column)


def _each() -> str:
    return "jsonb_array_elements(%s::jsonb) AS item(value)" if connection.vendor == "postgresql" else "json_each(%s) AS item"


def _element(position: int, field: Any) -> str:
    if connection.vendor != "postgresql":
        return f"json_extract(item.value, '$[{position}]')"
    kind = field.rel_db_type(connection) if field.primary_key else field.db_type(connection)
    return f"(item.value->>{position})::{kind}"
