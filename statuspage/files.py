"""What is true of every published file: its kind, its fingerprint, its place in the order of writing, whether a path is one of ours."""

import hashlib
from collections.abc import Mapping

TYPES = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
}
FOLDERS = frozenset({"api", "assets", "en", "zh-hans", "history", "incidents"})
FRESH = "fresh.json"  # when the page was made and last checked; it comes after everything it speaks of
ALONE = frozenset({"index.html", "404.html", FRESH})


def content_type(path: str) -> str:
    """By the ending of the name."""
    return TYPES.get(path.rpartition(".")[2], "application/octet-stream")


def etag(body: bytes) -> str:
    """A strong fingerprint, without quotes."""
    return hashlib.sha256(body).hexdigest()[:32]


def digest(etags: Mapping[str, str]) -> str:
    """One fingerprint of a whole folder, from path → etag."""
    return hashlib.sha256("\n".join(f"{path} {tag}" for path, tag in sorted(etags.items())).encode()).hexdigest()


def is_ours(path: str) -> bool:
    """Whether a path below the published folder is one that we write: whatever else lies there is left alone."""
    first, slash, _rest = path.partition("/")
    return (first in FOLDERS if slash else path in ALONE) and path.rpartition(".")[2] in TYPES


def order(path: str) -> tuple[bool, bool, int, str]:
    """Sorts what others link to first, the entrances after it, the root's last of them, and `fresh.json` at the very end."""
    return path == FRESH, path.endswith(".html"), -path.count("/"), path
