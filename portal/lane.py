"""The lane for alerts: requests wait by sender, a few threads of their own take the senders in turns, and those of one sender that wait go in together."""

import asyncio
import contextlib
import contextvars
import io
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache

import structlog
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import Error, connection
from django.http import HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import translation

from detection import keys
from detection.delivering import PATIENCE
from detection.doors import Visit, serve
from portal import door, errors
from portal.asgi import Request, Send, answer, language_of
from portal.middleware import RequestLogMiddleware

log = logging.getLogger(__name__)

THREADS = 4
MOST_WAITING = 256  # requests of one sender; what comes beyond is asked to come again
MOST_TOGETHER = 64  # requests of one sender in one turn
PAUSE_SECONDS = 0.005  # after a turn of several: who was answered asks again at once, and SQLite's other writers get in
DOOR = "door"  # what a view has that is one
STRANGER = ""  # the sender of every request whose key has opened nothing yet


def no_response(_request: object) -> HttpResponse:
    """The lane calls the parts of the middleware by themselves."""
    raise NotImplementedError


lines = RequestLogMiddleware(no_response)
says = logging.getLogger("django_structlog")


@dataclass(eq=False)
class Knock:
    """A request in the lane, and the event loop that waits for it."""

    visit: Visit
    sender: str
    digest: str  # of the key it names
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self) -> None:
        """It is answered; on its loop."""
        if not self.done.done():
            self.done.set_result(None)


class Lane:
    """One of a process. Threads begin with the first request."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.queues: dict[str, deque[Knock]] = {}  # by sender; one that has none here has nobody at work for it either
        self.ring: deque[str] = deque()  # senders whose turn comes, in order
        self.known: set[str] = set()  # digests of keys that have opened a source
        self.threads: list[threading.Thread] = []
        self.is_closed = False

    def takes(self, request: Request) -> bool:
        """Whether this is for the lane: what is posted to a door for alerts. All else is Django's, and so is the way from http to https."""
        is_meant = request.scope["method"] == "POST" and request.path.startswith(door.REPORTED)
        return is_meant and (request.scheme == "https" or not settings.SECURE) and found(request.path) is not None

    async def serve(self, request: Request, body: bytes, send: Send) -> None:
        """Answer a whole request, within two seconds unless it is at work by then."""
        match = found(request.path)
        assert match is not None
        language = language_of(request)
        visit = Visit(getattr(match.func, DOOR), ASGIRequest(request.scope, io.BytesIO(body)), match.kwargs, language, contextvars.Context())
        visit.context.run(enter, visit, request)
        digest = keys.digest(visit.door.claimed(visit.request, body, **visit.given))
        knock = Knock(visit, digest if digest in self.known else STRANGER, digest)
        if not self.wait(knock):
            visit.turn_away()
        else:
            await asyncio.wait({knock.done}, timeout=PATIENCE)
            if not knock.done.done() and self.withdraw(knock):
                visit.turn_away()
            elif not knock.done.done():
                await knock.done
        response = visit.context.run(leave, visit)
        headers = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in response.items() if name != "Content-Type"]
        headers.append((b"content-language", language.encode()))
        await answer(send, request, response.status_code, response.content, response.headers["Content-Type"].encode("latin1"), headers)

    def wait(self, knock: Knock) -> bool:
        """Get in line; False when too many of its sender wait already."""
        with self.changed:
            queue = self.queues.get(knock.sender)
            if queue is None:
                queue = self.queues[knock.sender] = deque()
                self.ring.append(knock.sender)
            if len(queue) >= MOST_WAITING:
                return False
            queue.append(knock)
            if len(self.threads) < THREADS:
                self._begin()
            self.changed.notify()
        return True

    def withdraw(self, knock: Knock) -> bool:
        """Take it out of the line; False when it is at work."""
        with self.changed:
            queue = self.queues.get(knock.sender)
            if queue is None or knock not in queue:
                return False
            queue.remove(knock)
        return True

    def close(self) -> None:
        """Let the threads end; what is at work is finished, what waits is not begun."""
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()

    def _begin(self) -> None:
        thread = threading.Thread(target=self._work, name=f"alerts-{len(self.threads)}", daemon=True)
        self.threads.append(thread)
        thread.start()

    def _work(self) -> None:
        """A thread: one sender's turn after the other."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.ring or self.is_closed)
                if self.is_closed:
                    break
                sender = self.ring.popleft()
                queue = self.queues[sender]
                knocks = [queue.popleft() for _ in range(min(len(queue), MOST_TOGETHER))]
            if knocks:
                self._turn(knocks)
            if len(knocks) > 1:
                time.sleep(PAUSE_SECONDS)
            with self.changed:
                if queue:
                    self.ring.append(sender)
                    self.changed.notify()
                else:
                    del self.queues[sender]
        connection.close()

    def _turn(self, knocks: list[Knock]) -> None:
        """Answer them all, whatever happens."""
        try:
            connection.close_if_unusable_or_obsolete()
            serve([knock.visit for knock in knocks])
            self.known.update(knock.digest for knock in knocks if knock.visit.source is not None)
        except Exception as error:
            log.exception("a turn of the lane failed")
            for knock in knocks:
                knock.visit.error = knock.visit.error or error
        finally:
            call(knocks)
            if any(knock.visit.is_turned_away or knock.visit.error for knock in knocks):
                with contextlib.suppress(Error, OSError):  # one that is broken need not close well, and this thread goes on
                    connection.close()


@lru_cache(maxsize=1024)
def found(path: str) -> ResolverMatch | None:
    """The door at an address."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match if hasattr(match.func, DOOR) else None


def call(knocks: list[Knock]) -> None:
    """Tell the loop that these are answered; one that has ended need not know."""

    def settle() -> None:
        for knock in knocks:
            knock.settle()

    try:
        knocks[0].done.get_loop().call_soon_threadsafe(settle)
    except RuntimeError:
        log.debug("the loop ended before %s requests were answered", len(knocks))


def enter(visit: Visit, request: Request) -> None:
    """In the request's own context: its number, and its first line in the log where requests have lines."""
    if says.isEnabledFor(logging.INFO):
        lines.prepare(visit.request)
    else:
        structlog.contextvars.bind_contextvars(request_id=request.request_id)


def leave(visit: Visit) -> HttpResponse:
    """In the request's own context: its answer, and its last line in the log."""
    response = visit.response
    if response is None:
        log.error("a request at a door for alerts failed", exc_info=visit.error)
        with translation.override(visit.language):
            response = errors.respond(visit.request, 500)
    if says.isEnabledFor(logging.INFO) or response.status_code >= 500:
        lines.handle_response(visit.request, response)
    return response
