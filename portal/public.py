"""The public page at the front door: whole files from memory, filled from the published folder, whether or not there is a database.

A thread brings folder and memory in step when nudged and every few seconds; the event loop only looks up and writes.
"""

import gzip
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db import Error, connection
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from lib import nudge
from portal import door
from portal.asgi import Header, Request, Send, answer, refuse
from portal.engine import give_up_connections
from statuspage import editions, files
from statuspage.folder import Folder

log = logging.getLogger(__name__)

LOOK_SECONDS = 3.0  # when nobody nudges
SMALLEST = 512  # bytes; less is not worth compressing
PACKED = ("text/", "application/json", "image/svg")
OWN = "style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'"
POLICY = f"default-src 'none'; {OWN}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'".encode()
CACHED = {files.FRESH: b"no-cache", "assets/": b"public, max-age=86400"}  # assets carry their fingerprint in the address
AWAY = gettext_noop("The status page is not available at the moment.")
BRIEFLY = b"public, max-age=10, stale-while-revalidate=30, stale-if-error=86400"


@dataclass(frozen=True)
class Asset:
    """One file, ready to be written."""

    body: bytes
    packed: bytes  # by gzip; b"" where that would not help
    etag: str
    headers: tuple[Header, ...]


def prepare(path: str, body: bytes) -> Asset:
    """All that can be known of an answer before somebody asks."""
    kind = files.content_type(path)
    packed = gzip.compress(body, mtime=0) if kind.startswith(PACKED) and len(body) >= SMALLEST else b""
    headers = [
        (b"content-type", kind.encode()),
        (b"cache-control", next((value for start, value in CACHED.items() if path.startswith(start)), BRIEFLY)),
        (b"content-security-policy", POLICY),
    ]
    headers += [(b"vary", b"accept-encoding")] if packed else []
    headers += [(b"access-control-allow-origin", b"*")] if kind == "application/json" else []
    return Asset(body, packed, files.etag(body), tuple(headers))


@cache
def address() -> tuple[str, str]:
    """Host and path of STATUS_URL: ("status.example.com", "") or ("localhost", "/status")."""
    parts = urlsplit(settings.STATUS_URL)
    return (parts.hostname or "").lower(), parts.path.rstrip("/")


def is_here(host: str) -> bool:
    """Whether the public page is served under this name."""
    return len(set(door.hosts().values())) == 1 or host.strip("[]").lower() == address()[0]


def is_public(request: Request) -> bool:
    """Whether this is asked of the public page. /status/ always is: where the page has a host of its own, it leads there."""
    prefix = address()[1]
    if request.path in door.PROBES:
        return False
    if is_here(request.host) and (request.path == prefix or request.path.startswith(f"{prefix}/")):
        return True
    return not is_here(request.host) and (request.path == "/status" or request.path.startswith("/status/"))


class Public:
    """The public page of one web process."""

    def __init__(self) -> None:
        self.assets: Mapping[str, Asset] = {}
        self.folder = Folder(Path(settings.STATUS_DIR))
        self.woken, self.stopping = threading.Event(), threading.Event()
        self.stop_listening: Callable[[], None] = lambda: None
        self.is_away = False

    # --- keeping in step ------------------------------------------------------------------------

    def start(self) -> None:
        """Read what lies in the folder, then begin to look."""
        self.load()
        self.stop_listening = nudge.listen(lambda _names: self.woken.set(), names={editions.NUDGE})
        threading.Thread(target=self.run, name="public", daemon=True).start()

    def stop(self) -> None:
        """End the thread after its present look."""
        self.stop_listening()
        self.stopping.set()
        self.woken.set()

    def run(self) -> None:
        """Look, for ever."""
        while not self.stopping.is_set():
            self.woken.clear()
            self.renew()
            self.woken.wait(LOOK_SECONDS)
        connection.close()

    def renew(self) -> None:
        """One look: the folder in step with the rows where there is a database, the memory with the folder in any case."""
        try:
            connection.close_if_unusable_or_obsolete()
            editions.bring_in_step(self.folder)
            self.is_away = False
        except Error as error:
            give_up_connections()
            self.note("the public page is served as it was last: %s", type(error).__name__)
        except OSError as error:
            self.note("the public page's folder cannot be written: %s", error.strerror)
        except Exception:
            log.exception("the public page's folder could not be brought in step")
        self.load()

    def note(self, text: str, what: object) -> None:
        """Said once, until it is well again."""
        if not self.is_away:
            log.warning(text, what)
        self.is_away = True

    def load(self) -> None:
        """Bring what changed in the folder into memory. A folder that is being written is looked at a little later."""
        try:
            with self.folder.held(to_read=True):
                etags = self.folder.etags()
                kept = {path: asset for path, asset in self.assets.items() if etags.get(path) == asset.etag}
                read = {path: prepare(path, (self.folder.root / path).read_bytes()) for path in etags.keys() - kept.keys()}
        except BlockingIOError:
            self.woken.set()
            self.stopping.wait(0.1)
        except OSError as error:
            log.warning("the public page's folder cannot be read: %s", error.strerror)
        else:
            if read or len(kept) != len(self.assets):
                self.assets = {**kept, **read}

    # --- answering ------------------------------------------------------------------------------

    async def serve(self, request: Request, send: Send) -> None:
        """One request."""
        prefix = address()[1]
        method = request.scope["method"]
        if method not in ("GET", "HEAD"):
            await refuse(send, request, 405, "method", gettext_noop("The public page is only read."), [(b"allow", b"GET, HEAD")])
        elif not is_here(request.host):
            await lead(send, request, settings.STATUS_URL.rstrip("/") + request.path.removeprefix("/status"), 302)
        elif request.scheme == "http" and settings.STATUS_URL.startswith("https:"):
            await lead(send, request, f"https://{address()[0]}{request.path}", 301)
        else:
            await self.give(request, request.path.removeprefix(prefix), prefix, send)

    async def give(self, request: Request, path: str, prefix: str, send: Send) -> None:
        """The file at `path` ("/en/"), or where it is, or that there is none."""
        asset = self.assets.get(path[1:] + "index.html" if path.endswith("/") else path[1:])
        if asset is not None:
            await write(send, request, asset, 200)
        elif not path or f"{path[1:]}/index.html" in self.assets:
            await lead(send, request, f"{prefix}{path}/", 301)
        elif not self.assets:
            await away(send, request, path)
        elif (lost := self.assets.get("404.html")) is not None:
            await write(send, request, lost, 404)
        else:
            await refuse(send, request, 404, "not_found", gettext_noop("There is nothing here."))


async def write(send: Send, request: Request, asset: Asset, status: int) -> None:
    """A file, packed where the reader takes that; 304 to one who has it."""
    is_packed = bool(asset.packed) and takes_gzip(request.header("accept-encoding"))
    tag = f'"{asset.etag}-gz"' if is_packed else f'"{asset.etag}"'
    headers: list[Header] = [*asset.headers, *(one for one in request.security_headers() if one[0] != b"content-security-policy")]
    if status == 200:
        headers.append((b"etag", tag.encode()))
        if has(request.header("if-none-match"), asset.etag):
            await send({"type": "http.response.start", "status": 304, "headers": [one for one in headers if one[0] != b"content-type"]})
            await send({"type": "http.response.body", "body": b""})
            return
    body = asset.packed if is_packed else asset.body
    headers += [(b"content-encoding", b"gzip")] if is_packed else []
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.scope["method"] == "HEAD" else body})


async def away(send: Send, request: Request, path: str) -> None:
    """There is no edition: none was made yet, or after a restore nobody has said yet what becomes of what is held."""
    headers = [(b"retry-after", b"30")]
    if path.startswith("/api/"):
        await refuse(send, request, 503, "away", AWAY, headers, is_page=False)
    else:
        await answer(send, request, 503, away_page().encode(), b"text/html; charset=utf-8", [(b"cache-control", b"no-store"), *headers])


@cache
def away_page() -> str:
    """A page in every language that says no more than that."""
    said = []
    for code in dict(settings.LANGUAGES):
        with translation.override(code):
            said.append((code, _(AWAY)))
    return format_html(
        '<!doctype html><html lang="{}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{}</title>{}</html>',
        said[0][0],
        said[0][1],
        format_html_join("", '<h1 lang="{}">{}</h1>', said),
    )


async def lead(send: Send, request: Request, where: str, status: int) -> None:
    """Elsewhere."""
    location = quote(where, safe="/:[]%").encode()
    await answer(send, request, status, b"", b"text/plain", [(b"location", location), (b"cache-control", b"public, max-age=60")])


def has(asked: str, etag: str) -> bool:
    """Whether If-None-Match names this file, packed or not."""
    tags = {tag.strip().removeprefix("W/").strip('"').removesuffix("-gz") for tag in asked.split(",")} if asked else set()
    return etag in tags or "*" in tags


@lru_cache(maxsize=256)
def takes_gzip(asked: str) -> bool:
    """Whether Accept-Encoding takes gzip."""
    for word in asked.lower().split(","):
        name, _semicolon, rest = word.partition(";")
        if name.strip() in ("gzip", "*"):
            return rest.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
