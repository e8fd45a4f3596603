"""A migrated SQLite file kept between runs: as long as no migration changed, a test database is a copy of it.

`migrate` still runs on the copy, finds nothing to do and sends its signals. The first run after a change, and each on PostgreSQL, migrate.
"""

import hashlib
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import allauth
import django
from django.conf import settings
from django.db import connection


def file(folder: Path) -> Path:
    """Where the file for these migrations is; `lib` is what they are written in."""
    base = settings.BASE_DIR
    sources = sorted([*base.glob("*/migrations/*.py"), *base.glob("lib/**/*.py")])
    words = [django.__version__, allauth.__version__, sqlite3.sqlite_version, *settings.INSTALLED_APPS]
    digest = hashlib.sha256("\n".join(words).encode())
    for source in sources:
        digest.update(f"\n{source.relative_to(base)}\n".encode() + source.read_bytes())
    return folder / f"{digest.hexdigest()[:32]}.sqlite3"


def begin_with(kept: Path) -> None:
    """Let the test database be created as a copy of `kept`, if that is there."""
    make = connection.creation._create_test_db

    def create(*args: Any, **kwargs: Any) -> str:
        name = str(make(*args, **kwargs))
        if kept.exists():
            shutil.copyfile(kept, name)
        return name

    connection.creation._create_test_db = create


def keep(kept: Path) -> None:
    """Keep the database as migrated, in place of what was kept of other migrations."""
    if kept.exists():
        return
    mine = kept.with_suffix(f".{os.getpid()}")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(mine)])
    for old in kept.parent.glob("*.sqlite3"):
        old.unlink(missing_ok=True)
    mine.replace(kept)
