"""Races and losses of the database: what to try again, what to lock, what means that it is away."""

import functools
import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection, connections, transaction
from django.db.models import QuerySet

ATTEMPTS = 5
GIVE_UP_AFTER = 8.0  # seconds: a caller waits no longer, however few attempts that was
RACES = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available
AWAY = {"57P01", "57P02", "57P03", "57014", "25P03", "55P03", "XX000"}  # shut down, starting, cancelled by a time-out, lock time-out, I/O
SQLITE_AWAY = ("unable to open", "disk i/o", "disk is full", "is locked", "readonly", "malformed")

Params = ParamSpec("Params")
Result = TypeVar("Result")
Rows = TypeVar("Rows", bound="QuerySet")


_taken: set[str] = set()
_taking = threading.Lock()


class Taken(Exception):
    """Somebody else is in the transaction of that name."""


class StaleHead(Exception):
    """Somebody wrote to the chain or row in between; the transaction starts over."""


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-letter code of `error`, or ""."""
    for one in (error, error.__cause__):
        code = getattr(one, "pgcode", None)
        if code:
            return str(code)
    return ""


def is_race(error: BaseException) -> bool:
    """True for a lost race (deadlock, serialization, locked, stale head): the same transaction may succeed when run again."""
    if isinstance(error, StaleHead):
        return True
    if not isinstance(error, DatabaseError):
        return False
    return sqlstate(error) in RACES or (isinstance(error, OperationalError) and "is locked" in str(error))


def is_away(error: BaseException) -> bool:
    """True when the database cannot serve now (gone, restarting, full, out of connections, locked up), not when the query is wrong."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, DatabaseError):
        return False
    code = sqlstate(error)
    if code:
        return code in AWAY or code[:2] in {"08", "53", "58"}
    if not isinstance(error, OperationalError):
        return False
    text = str(error).lower()
    return connection.vendor == "postgresql" or any(words in text for words in SQLITE_AWAY)


def retried(function: Callable[Params, Result]) -> Callable[Params, Result]:
    """Run `function` (which opens its own transaction) again after a lost race: at most 5 times, with jitter, about 8 s in all.

    Inside somebody else's transaction nothing is retried: the whole of it must start over, so the outermost decides.
    """

    @functools.wraps(function)
    def run(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        started = time.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return function(*args, **kwargs)
            except (DatabaseError, StaleHead) as error:
                tired = attempt == ATTEMPTS or time.monotonic() - started > GIVE_UP_AFTER
                if tired or not is_race(error) or _is_nested(error):
                    raise
            time.sleep(random.uniform(0.005, 0.03) * 2**attempt)  # noqa: S311 - jitter, no secret
        raise AssertionError("unreachable")

    return run


def _is_nested(error: BaseException) -> bool:
    """In a transaction of a caller. A test's own does not count for a stale head, whose savepoint is already rolled back."""
    blocks = connection.atomic_blocks if connection.in_atomic_block else []
    if isinstance(error, StaleHead):
        blocks = [block for block in blocks if not getattr(block, "_from_testcase", False)]
    return bool(blocks)


def lock(rows: Rows) -> Rows:
    """`rows` locked for writing until the transaction ends; on SQLite, where a transaction is alone anyway, the rows as they are.

    New rows that point at a locked one are not held up (FOR NO KEY UPDATE).
    """
    features = connections[rows.db].features
    if not features.has_select_for_update:
        return rows
    return rows.select_for_update(of=("self",), no_key=True)


@contextmanager
def alone(name: str) -> Iterator[None]:
    """A transaction in which nobody else is under the same `name`; the death of its process or connection frees the name at once.

    Raises Taken without waiting. (On SQLite another process waits instead: there a writer is alone anyway.)
    """
    with _taking:
        if name in _taken:
            raise Taken(name)
        _taken.add(name)
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
                    if not cursor.fetchone()[0]:
                        raise Taken(name)
            yield
    finally:
        with _taking:
            _taken.discard(name)
