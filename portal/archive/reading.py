"""Restores an archive into an empty database: everything is checked first, then all rows come in one transaction, and effects are held."""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import Error, connection, models
from django.db.migrations.executor import MigrationExecutor
from django.db.models.sql import InsertQuery

from comms import holding
from comms.models import Alarm
from lib import append_only, clock, vault
from portal.archive import rows
from portal.archive.writing import FORMAT

BATCH = 500
Entry = dict[str, Any]


class ArchiveError(Exception):
    """The archive cannot be restored here; says why. Nothing was changed."""


def restore(path: Path) -> Entry:
    """Bring the archive at `path` into this empty database and return its manifest. Raises ArchiveError.

    A crash on the way leaves an empty database, into which one restores again.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = check(archive)
            apps = _schema(manifest["migrations"])
            uploads = _unpack(archive, manifest)
            try:
                with append_only.unlocked(), connection.cursor() as cursor:
                    _empty(cursor, apps)
                    for entry in _named(manifest, "rows/"):
                        _fill(archive, entry, apps)
                    _hold(apps, manifest)
                    _sequences(cursor, apps)
                    _settle(uploads)
            finally:
                shutil.rmtree(uploads, ignore_errors=True)
    except (OSError, zipfile.BadZipFile) as error:
        raise ArchiveError(f"{path} cannot be read: {error}") from error
    except (Error, KeyError, ValidationError) as error:
        raise ArchiveError(f"a row does not fit: {str(error).strip()}") from error
    call_command("migrate", interactive=False, verbosity=0)
    append_only.install()
    return manifest


def check(archive: zipfile.ZipFile) -> Entry:
    """The manifest of an archive that is whole, ours, and can be read with the keys at hand. Raises ArchiveError."""
    try:
        manifest: Entry = json.loads(archive.read("manifest.json"))
    except (KeyError, ValueError) as error:
        raise ArchiveError("this is no archive of the portal: it has no manifest") from error
    if manifest.get("format") != FORMAT:
        raise ArchiveError(f"this archive has the format {manifest.get('format')}; this release reads {FORMAT}")
    if lost := vault.lacking(manifest["vault_keys"]):
        raise ArchiveError(
            f"VAULT_KEYS does not hold the key {', '.join(lost)} with which secrets in this archive are sealed, or holds another one under that name"
        )
    stray = set(archive.namelist()) - {entry["name"] for entry in manifest["files"]} - {"manifest.json"}
    if stray:
        raise ArchiveError(f"{sorted(stray)[0]} is not in the manifest")
    for entry in manifest["files"]:
        _check_file(archive, entry)
    return manifest


def _check_file(archive: zipfile.ZipFile, entry: Entry) -> None:
    parts = PurePosixPath(entry["name"]).parts
    if parts[0] not in {"rows", "uploads"} or ".." in parts or entry["name"].startswith("/"):
        raise ArchiveError(f"{entry['name']} has no place here")
    digest, size = hashlib.sha256(), 0
    try:
        with archive.open(entry["name"]) as handle:
            while chunk := handle.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ArchiveError(f"{entry['name']} is missing or damaged") from error
    if (digest.hexdigest(), size) != (entry["sha256"], entry["bytes"]):
        raise ArchiveError(f"{entry['name']} is not what the manifest says")


def _schema(migrations: dict[str, list[str]]) -> Apps:
    """Bring the empty database to the schema of the archive and return its models. Raises ArchiveError for one that is not empty, or newer than we."""
    executor = MigrationExecutor(connection)
    wanted = {(app, name) for app, names in migrations.items() for name in names}
    unknown = sorted(wanted - set(executor.loader.disk_migrations or {}))
    if unknown:
        raise ArchiveError(f"this archive is of a newer release: {unknown[0][0]}.{unknown[0][1]} is unknown here")
    if executor.loader.applied_migrations and not set(executor.loader.applied_migrations) <= wanted:
        _refuse_if_used()
        raise ArchiveError("this database has a newer schema than the archive; restore into one that was never migrated")
    _refuse_if_used()
    leaves = [node for node in wanted if not any(child in wanted for child in executor.loader.graph.node_map[node].children)]
    executor.migrate(leaves)
    return MigrationExecutor(connection).loader.project_state(leaves).apps


def _refuse_if_used() -> None:
    """Raises ArchiveError when somebody lives here already: one administrator who never signed in, and no incident, is nobody."""
    if "accounts_user" not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(last_login), (SELECT count(*) FROM incidents_incident) FROM accounts_user")
        people, signed_in, incidents = cursor.fetchone()
        if people > 1 or signed_in or incidents:
            raise ArchiveError("this database is in use; restore into an empty one (another DATA_DIR or DATABASE_URL)")


def _named(manifest: Entry, folder: str) -> list[Entry]:
    return [entry for entry in manifest["files"] if entry["name"].startswith(folder)]


def _empty(cursor: Any, apps: Apps) -> None:
    """What migrations put into tables that the archive fills."""
    for model in rows.kept(apps):
        cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608 - our own table


def _fill(archive: zipfile.ZipFile, entry: Entry, apps: Apps) -> None:
    model = apps.get_model(PurePosixPath(entry["name"]).stem)
    with archive.open(entry["name"]) as handle:
        for lines in _batches(handle):
            _insert(model, [rows.load(model, json.loads(line)) for line in lines])


def _insert(model: type[models.Model], instances: list[models.Model]) -> None:
    """As they are: no field fills itself in."""
    most = connection.ops.bulk_batch_size(list(model._meta.concrete_fields), instances)
    for start in range(0, len(instances), most):
        query = InsertQuery(model)
        query.insert_values(model._meta.concrete_fields, instances[start : start + most], raw=True)
        query.get_compiler(connection=connection).execute_sql()


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    iterator = iter(lines)
    while batch := list(islice(iterator, BATCH)):
        yield batch


def _hold(apps: Apps, manifest: Entry) -> None:
    """Nothing that was waiting goes out by itself: the portal that it was taken from may have sent it since. A strip says so."""
    holds, alarms = (apps.get_model("comms", name)._base_manager for name in ("Hold", "Alarm"))
    now = clock.now()
    if not holds.filter(ended_at=None).exists():
        holds.create(since=now, as_of=datetime.fromisoformat(manifest["made_at"]))
        alarms.create(code=Alarm.Code.HELD, subject=holding.SUBJECT, raised_at=now, last_at=now)


def _sequences(cursor: Any, apps: Apps) -> None:
    for statement in connection.ops.sequence_reset_sql(no_style(), rows.kept(apps)):
        cursor.execute(statement)


def _unpack(archive: zipfile.ZipFile, manifest: Entry) -> Path:
    """Uploads beside their place, to be put there with the rows."""
    folder = Path(settings.DATA_DIR) / f".restoring-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    for entry in _named(manifest, "uploads/"):
        target = folder.joinpath(*PurePosixPath(entry["name"]).parts[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry["name"]) as source, target.open("wb") as handle:
            shutil.copyfileobj(source, handle)
    return folder


def _settle(uploads: Path) -> None:
    """Put unpacked files into their place; last before the commit, so that rows never name files that are not there."""
    root = Path(settings.MEDIA_ROOT)
    for path in sorted(uploads.rglob("*")):
        if path.is_file():
            target = root / path.relative_to(uploads)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, target)
