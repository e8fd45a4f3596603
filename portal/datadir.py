"""The data folder: made, checked for a file system that keeps locks, and held by one portal at a time."""

import contextlib
import fcntl
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

NETWORK_FILE_SYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "ncpfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.s3fs",
}


def file_system(path: Path, mounts: str | None = None) -> str:
    """The type of file system that holds `path`, by the kernel's table of mounts ("" where there is none)."""
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
    real = path.resolve()
    best, kind = -1, ""
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split()
        if not dash or len(fields) < 5:
            continue
        point = Path(fields[4].replace("\\040", " "))
        # Of two mounts on one point the later one is seen.
        if (real == point or point in real.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), after.split()[0]
    return kind


def make(folder: Path, *, holds_database: bool) -> None:
    """Make `folder`; raises ImproperlyConfigured when it cannot be written or cannot hold a SQLite database."""
    try:
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o711)  # the public files below it may be read by a file server, the rest may not be listed
        usable = os.access(folder, os.W_OK | os.X_OK)
        if holds_database and usable:
            private(folder / "portal.sqlite3")
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR {folder} cannot be made: {error.strerror}") from error
    if not usable:
        raise ImproperlyConfigured(f"DATA_DIR {folder} is not writable")
    kind = file_system(folder)
    if holds_database and kind in NETWORK_FILE_SYSTEMS:
        raise ImproperlyConfigured(
            f"DATA_DIR {folder} is on a network file system ({kind}), where SQLite's locks do not hold. Use a local folder, or set DATABASE_URL to PostgreSQL."
        )


def private(path: Path) -> None:
    """Make the database's file, or its rights, such that nobody else on this machine reads it; SQLite gives its other files the same."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with contextlib.suppress(PermissionError):  # somebody else's, whom an administrator let us share it with
        path.chmod(0o600)


def lock(folder: Path) -> int:
    """Hold `folder` for this process and whoever inherits the descriptor; raises ImproperlyConfigured when another holds it."""
    path = folder / "portal.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise ImproperlyConfigured(
            f"A portal is already running on {folder}" + (f" (process {holder})" if holder else "") + "; stop it first, or set another DATA_DIR."
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
