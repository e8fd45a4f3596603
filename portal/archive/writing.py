"""Writes an archive from one moment of the database, beside running processes."""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from lib import clock, vault
from portal.archive import rows
from portal.version import version

FORMAT = 1
BATCH = 500
Entry = dict[str, Any]


def write(path: Path) -> Entry:
    """Write everything into `path` (0600, whole or not at all) and return the manifest. Raises OSError, django.db.Error."""
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    try:
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w+b") as handle:
            with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as archive:
                manifest = _fill(archive)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def _fill(archive: zipfile.ZipFile) -> Entry:
    with one_moment():
        manifest: Entry = {
            "format": FORMAT,
            "made_at": clock.now().isoformat(),
            "version": version(),
            "database": connection.vendor,
            "site_url": settings.SITE_URL,
            "migrations": _migrations(),
            "vault_keys": vault.proofs(),
            "files": [_table(archive, model) for model in rows.kept(apps)],
        }
    root = Path(settings.MEDIA_ROOT)
    manifest["files"] += [_upload(archive, path, root) for path in sorted(root.rglob("*")) if path.is_file()]
    archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    return manifest


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything that is read in this block is of one moment, whoever writes meanwhile; nobody is held up."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if connection.vendor == "postgresql" else "BEGIN DEFERRED")
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _migrations() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for app, name in sorted(MigrationRecorder(connection).applied_migrations()):
        found.setdefault(app, []).append(name)
    return found


def _table(archive: zipfile.ZipFile, model: Any) -> Entry:
    """One table as a file of lines, in the order of its keys."""
    name, count, size, digest = f"rows/{model._meta.label_lower}.jsonl", 0, 0, hashlib.sha256()
    with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as handle:
        for instance in model._base_manager.order_by("pk").iterator(BATCH):
            line = json.dumps(rows.dump(instance), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            handle.write(line)
            digest.update(line)
            count, size = count + 1, size + len(line)
    return {"name": name, "rows": count, "bytes": size, "sha256": digest.hexdigest()}


def _upload(archive: zipfile.ZipFile, path: Path, root: Path) -> Entry:
    name, size, digest = f"uploads/{path.relative_to(root).as_posix()}", 0, hashlib.sha256()
    with path.open("rb") as source, archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as handle:
        while chunk := source.read(1 << 20):
            handle.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return {"name": name, "bytes": size, "sha256": digest.hexdigest()}
