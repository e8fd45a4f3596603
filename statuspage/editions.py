"""Makes the public page's files when what they tell has changed, keeps them as rows, and brings folders in step with these."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction

from comms import holding
from lib import clock, failpoints, leases
from lib.nudge import nudge
from statuspage import changes, files, rendering, snapshot
from statuspage.folder import Folder
from statuspage.models import Edition, PublishedFile

LEASE_SECONDS = 20.0  # far longer than it takes; a killed maker is followed by another after it
CHECK_EVERY = timedelta(seconds=60)  # how often `fresh.json` says that somebody looked
OLD_SECONDS = 180.0  # files that nobody has looked at for this long are not young
NUDGE = "status"  # wakes the web processes, which bring their folder in step
SHAPING = ("statuspage/rendering", "templates/statuspage/public", "static/statuspage")  # and the translations


class Due(NamedTuple):
    """What the files should be made of now."""

    revision: int
    maker: str
    day: str


def publish() -> int:
    """Make a new edition when one is due, else note once a minute that none was; returns 1 when files changed.

    However many changes came since, they are one edition. Twice, late, on ten workers: one of them makes it.
    """
    now = clock.now()
    due, edition = wanted(now), current()
    worked = 0
    if (edition is None or of(edition) != due or is_unchecked(edition)) and (claimed := claim()):
        try:
            worked = work(claimed, due, now)
        except Exception:
            leases.settle(claimed, attempts=0)  # whoever comes next need not wait for the lease to run out
            raise
    bring_in_step(folder())
    return worked


def work(edition: Edition, due: Due, now: datetime) -> int:
    """Make the files if they are others than before; 1 when they were."""
    if of(edition) == due and edition.made_at is not None:
        keep(edition, due, edition.made_at, None)
        return 0
    return int(keep(edition, due, now, rendering.render(snapshot.take(now), made_at=now)))


def wanted(now: datetime) -> Due:
    """The revision, who makes files of it, and the UTC day, with which the bars move."""
    return Due(changes.state()[0], maker(), f"{now.astimezone(UTC):%Y-%m-%d}")


def of(edition: Edition) -> Due:
    """What an edition was made of."""
    return Due(edition.revision, edition.maker, f"{edition.made_at.astimezone(UTC):%Y-%m-%d}" if edition.made_at else "")


def current() -> Edition | None:
    """The edition that the rows hold, once there is one."""
    return Edition.objects.filter(pk=1).first()


def is_unchecked(edition: Edition) -> bool:
    """Whether nobody has looked for a minute."""
    return edition.checked_at is None or clock.real() - edition.checked_at >= CHECK_EVERY


def claim() -> Edition | None:
    """The edition for its maker alone, for a while."""
    if not Edition.objects.filter(pk=1).exists():
        Edition.objects.get_or_create(pk=1, defaults={"begun_at": clock.real()})
    found = leases.claim(Edition.objects.filter(pk=1), seconds=LEASE_SECONDS, limit=1)
    return found[0] if found else None


def keep(edition: Edition, due: Due, made_at: datetime, made: dict[str, bytes] | None) -> bool:
    """Store what was made (None: nothing new, only looked); False when the lease was lost meanwhile and nothing is written."""
    checked_at = clock.real()
    fresh = json.dumps({"made_at": utc(made_at), "checked_at": utc(checked_at), "revision": due.revision}).encode()
    with transaction.atomic():
        values = {"revision": due.revision, "maker": due.maker, "made_at": made_at, "checked_at": checked_at, "attempts": 0}
        if not leases.settle(edition, **values):
            return False
        if made is not None:
            PublishedFile.objects.exclude(path__in=[*made, files.FRESH]).delete()
        store({**(made or {}), files.FRESH: fresh}, due.revision, made_at)
        Edition.objects.filter(pk=1).update(digest=files.digest(dict(PublishedFile.objects.values_list("path", "etag"))))
        nudge(NUDGE)
    failpoints.hit("statuspage.after_rows")
    return True


def store(found: dict[str, bytes], revision: int, made_at: datetime) -> None:
    """Write the rows whose bytes changed; the others stay as they are."""
    known = dict(PublishedFile.objects.filter(path__in=list(found)).values_list("path", "etag"))
    rows = [
        PublishedFile(path=path, content=body, etag=tag, content_type=files.content_type(path), revision=revision, made_at=made_at)
        for path, body in found.items()
        if known.get(path) != (tag := files.etag(body))
    ]
    written = ["content", "etag", "content_type", "revision", "made_at"]
    PublishedFile.objects.bulk_create(rows, batch_size=20, update_conflicts=True, unique_fields=["path"], update_fields=written)


def bring_in_step(folder: Folder) -> bool:
    """Make `folder` hold what the rows hold; returns whether it had to change. Raises what the database and the disk raise."""
    digest = Edition.objects.filter(pk=1).values_list("digest", flat=True).first()
    if not digest or folder.digest() == digest:
        return False
    with folder.held():
        # Read under the lock, so that of two writers the later one brings the newer files; in one statement, so that they are one edition's.
        rows = PublishedFile.objects.values_list("path", "content")
        return folder.write({path: bytes(content) for path, content in rows}) > 0


def state() -> dict[str, Any]:
    """How far the files have come: which revision they show of which, how long ago somebody looked, whether this machine's folder has them."""
    edition, revision = current(), changes.state()[0]
    if holding.current() is not None:
        return {"ok": True, "detail": "held since a restore", "revision": revision}
    if edition is None or edition.checked_at is None:
        return {"ok": False, "detail": "not made yet", "revision": revision}
    age = (clock.real() - edition.checked_at).total_seconds()
    is_mirrored = folder().digest() == edition.digest
    is_well = edition.revision == revision and age <= OLD_SECONDS and is_mirrored
    return {"ok": is_well, "published": edition.revision, "revision": revision, "seconds_since_check": round(age, 1), "mirrored": is_mirrored}


def utc(at: datetime) -> str:
    """ "2026-11-21T19:07:00Z"."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def folder() -> Folder:
    """STATUS_DIR; one for all looks of a process, because it remembers what it has read."""
    return _folder(Path(settings.STATUS_DIR))


@cache
def _folder(root: Path) -> Folder:
    return Folder(root)


@cache
def maker() -> str:
    """Changes with the code, words and settings that shape the files: after an upgrade they are made anew."""
    found = hashlib.sha256(f"{settings.STATUS_URL} {settings.LANGUAGE_CODE} {settings.DEFAULT_TIME_ZONE}".encode())
    root = Path(settings.BASE_DIR)
    sources = [path for place in SHAPING for path in sorted((root / place).rglob("*.*")) if "__pycache__" not in path.parts]
    for path in [*sources, root / "statuspage" / "snapshot.py", *sorted((root / "locale").rglob("*.mo"))]:
        found.update(path.read_bytes())
    return found.hexdigest()
