"""What must be true before the portal serves: schema, cache table, playbook, first person, static files."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from accounts import people
from incidents import playbook, word_index
from lib import append_only
from portal.storage import NOT_SERVED

LOCK_KEY = 7_405_133  # the advisory lock under which one of several machines prepares
WAIT_SECONDS = 30


def prepare() -> str:
    """Bring database and files up to this code; harmless when nothing changed. Returns the first administrator's password when it was just made, else ""."""
    collect_static()
    await_database()
    with alone():
        migrate()
        word_index.ensure()
        playbook.load()
        password = people.ensure_first_admin()  # last: whoever is given a password must see it printed
    connection.close()
    return password or ""


def await_database() -> None:
    """Wait up to 30 s for the database; raises ImproperlyConfigured with its words when it stays away."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            connection.ensure_connection()
            return
        except OperationalError as error:
            if settings.EMBEDDED or time.monotonic() > end:
                raise ImproperlyConfigured(f"The database does not answer: {str(error).strip()}") from error
            time.sleep(0.5)


@contextmanager
def alone() -> Iterator[None]:
    """On PostgreSQL one machine prepares at a time; an embedded portal is alone by the lock on its folder."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])


def migrate() -> None:
    """Apply what is missing, quickly when nothing is."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
    elif append_only.missing():
        append_only.install()
    if not settings.REDIS_URL:
        call_command("createcachetable", verbosity=0)


def collect_static() -> None:
    """Copy and compress static files into DATA_DIR/static; done again only when a source changed."""
    if settings.TESTING or settings.DEBUG:
        return
    stamp, digest = Path(settings.STATIC_ROOT) / ".stamp", static_digest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=False, ignore_patterns=NOT_SERVED)
    stamp.write_text(digest)


def static_digest() -> str:
    """Changes when a static file comes, goes or is written."""
    found = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            found.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    found.update(apps.get_app_config("portal").path.encode())
    return found.hexdigest()
