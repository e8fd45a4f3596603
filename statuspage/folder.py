"""The published folder: a mirror of the files for the front door, and for any plain file server when all else is gone.

Whoever reads it sees of each file the old or the new one, whole: it is written beside, brought to the disk and renamed.
"""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from lib import failpoints
from statuspage import files

UNFINISHED = ".new"  # ends the name of a file that is being written


class Mark(NamedTuple):
    """By what a file that was not touched is known, and its etag."""

    changed_ns: int
    size: int
    inode: int
    etag: str


class Folder:
    """One folder; it remembers what it has read, so that looking again costs next to nothing."""

    def __init__(self, root: Path):
        self.root = root
        self.marks: dict[str, Mark] = {}

    def etags(self) -> dict[str, str]:
        """Path → etag of every file of ours; reads only those that changed since the last look."""
        found = {}
        for path in self.paths():
            with contextlib.suppress(FileNotFoundError):
                status = (self.root / path).stat()
                mark = self.marks.get(path)
                if mark is None or mark[:3] != (status.st_mtime_ns, status.st_size, status.st_ino):
                    mark = Mark(status.st_mtime_ns, status.st_size, status.st_ino, files.etag((self.root / path).read_bytes()))
                found[path] = mark
        self.marks = found
        return {path: mark.etag for path, mark in found.items()}

    def digest(self) -> str:
        """The fingerprint of all of it."""
        return files.digest(self.etags())

    def paths(self) -> list[str]:
        """Every file of ours that lies there."""
        return [path for path in self._walk() if files.is_ours(path)]

    def _walk(self) -> Iterator[str]:
        for place, folders, names in os.walk(self.root):
            below = os.path.relpath(place, self.root)
            if below == ".":
                folders[:] = [name for name in folders if name in files.FOLDERS]
            yield from (name if below == "." else f"{below}/{name}" for name in names)

    def write(self, wanted: Mapping[str, bytes]) -> int:
        """Make the folder hold exactly `wanted`; returns how many files changed. Call it while :meth:`held`."""
        self._sweep()
        have = self.etags()
        changed = [path for path in sorted(wanted, key=files.order) if have.get(path) != files.etag(wanted[path])]
        for path in changed:
            self._put(path, wanted[path])
            failpoints.hit("statuspage.between_files")
        gone = [path for path in have if path not in wanted]
        for path in gone:
            (self.root / path).unlink(missing_ok=True)
        self._prune(gone)
        return len(changed) + len(gone)

    @contextlib.contextmanager
    def held(self, *, to_read: bool = False) -> Iterator[None]:
        """One writer at a time, over all processes of this machine; OSError when the folder cannot be made or opened."""
        self.root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH | fcntl.LOCK_NB) if to_read else fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _put(self, path: str, body: bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f"{target.name}.{secrets.token_hex(4)}{UNFINISHED}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        failpoints.hit("statuspage.before_rename")
        beside.replace(target)
        sync(target.parent)

    def _sweep(self) -> None:
        """What a killed writer left unfinished."""
        for path in list(self._walk()):
            if path.endswith(UNFINISHED):
                (self.root / path).unlink(missing_ok=True)

    def _prune(self, gone: list[str]) -> None:
        """Folders that hold nothing any more."""
        for path in gone:
            with contextlib.suppress(OSError):
                for parent in list(Path(path).parents)[:-1]:
                    (self.root / parent).rmdir()


def sync(folder: Path) -> None:
    """Bring a rename to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
