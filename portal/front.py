"""The front door: one ASGI application that answers streams itself and hands everything else to Django in bounded threads."""

import asyncio
import logging
from collections import Counter

from a2wsgi import WSGIMiddleware
from django.utils.translation import gettext_noop

from portal import door, metrics, streams
from portal.asgi import Message, Receive, Request, Send, answer, refuse
from portal.hub import Hub
from portal.lane import Lane
from portal.public import Public, is_public
from portal.wsgi import application as django

log = logging.getLogger(__name__)

THREADS = 8
MOST_WAITING = 512  # whole requests inside or waiting for a thread
MOST_HELD = 256 * door.MIB  # bytes of bodies held at once
MOST_HELD_OF_ONE = 64 * door.MIB  # of one sender of alerts
BODY_SECONDS = 20.0  # a body that is not whole by then is not waited for
DRAIN_SECONDS = 0.5
MOST_SEEN = door.MIB  # of a body that is announced as too large and will be reported


class TooLarge(Exception):
    """The body is over its cap; `read` is what was read of it."""

    def __init__(self, read: bytes):
        super().__init__("too large")
        self.read = read


class TooMuch(Exception):
    """Too many bytes are held already."""


class TooMany(Exception):
    """Too many requests wait already."""


class Gone(Exception):
    """The sender went before the body was whole."""


class Front:
    """The application that uvicorn serves."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.public = Public()
        metrics.hubs.append(self.hub.listeners)
        self.django = WSGIMiddleware(django, workers=THREADS, send_queue_size=64)  # type: ignore[arg-type]
        self.lane = Lane()
        self.inside = 0
        self.held = 0
        self.held_of: Counter[str] = Counter()  # bytes by sender of alerts

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] == "http":
            await self.serve(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def live(self, receive: Receive, send: Send) -> None:
        """The hub starts and stops with the process."""
        await receive()
        await self.hub.start()
        await asyncio.to_thread(self.public.start)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.hub.stop()
        self.public.stop()
        self.lane.close()
        self.django.executor.shutdown(wait=False, cancel_futures=True)
        await send({"type": "lifespan.shutdown.complete"})

    async def serve(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        try:
            request = door.clean(scope)
        except door.BadRequest as error:
            plain = Request(scope=scope, path="", query="", host="", scheme="http", request_id="-")
            await refuse(send, plain, 400, "bad_request", str(error))
            return
        if request.path == "/healthz":
            await answer(send, request, 200, b"ok\n", b"text/plain; charset=utf-8", [(b"cache-control", b"no-store")])
        elif not door.is_allowed(request.host):
            await refuse(send, request, 400, "host", gettext_noop("This portal does not answer under that name (ALLOWED_HOSTS)."))
        elif is_public(request):
            await self.public.serve(request, send)
        elif not door.belongs(request.path, request.host):
            await refuse(send, request, 404, "not_found", gettext_noop("There is nothing here."))
        elif request.path == "/live/":
            await self.stream(streams.live_stream, request, receive, send)
        elif streams.API_STREAM.match(request.path):
            await self.stream(streams.api_stream, request, receive, send)
        else:
            await self.hand_over(request, receive, send)

    async def stream(self, open_stream: streams.Opener, request: Request, receive: Receive, send: Send) -> None:
        """A live stream; it takes no thread and no connection while it lives."""
        if request.scope["method"] != "GET":
            await refuse(send, request, 405, "method", gettext_noop("Streams are read with GET."), [(b"allow", b"GET")])
        else:
            await open_stream(self.hub, request, receive, send)

    async def hand_over(self, request: Request, receive: Receive, send: Send) -> None:
        """Read the whole body first, so that a slow sender never holds a thread; then let Django work."""
        held, sender = [0], request.path + request.header("authorization") if request.path.startswith(door.REPORTED) else ""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self.read_body(request, receive, held, sender)
            if self.lane.takes(request):
                await self.lane.serve(request, body, send)
            else:
                await self.work(request, replay(body, receive), send)
        except TooMany:
            await refuse(send, request, 503, "busy", gettext_noop("Too many requests wait; try again."), [(b"retry-after", b"1")])
        except TooLarge as large:
            await self.refuse_large(request, large.read, receive, send)
        except TooMuch:
            await refuse(
                send, request, 503, "busy", gettext_noop("Too much is being received; try again."), [(b"retry-after", b"2"), (b"connection", b"close")]
            )
        except TimeoutError:
            await refuse(send, request, 408, "timeout", gettext_noop("The body did not arrive."), [(b"connection", b"close")])
        except Gone:
            log.debug("the sender went before its body was whole")
        finally:
            self.held -= held[0]
            self.held_of[sender] -= held[0]
            if not self.held_of[sender]:
                del self.held_of[sender]

    async def refuse_large(self, request: Request, read: bytes, receive: Receive, send: Send) -> None:
        """A body over its cap: refused here, or by the room that reports it."""
        await drain(request, receive)
        if self.lane.takes(request):
            await self.lane.serve(request, read, closing(send))
        else:
            detail = gettext_noop("This is larger than may be sent here.")
            await refuse(send, request, 413, "too_large", detail, [(b"connection", b"close")])

    async def work(self, request: Request, receive: Receive, send: Send) -> None:
        """Django's turn with a whole request; raises TooMany."""
        if self.inside >= MOST_WAITING:
            raise TooMany
        self.inside += 1
        try:
            await self.django(request.scope, receive, send)  # type: ignore[arg-type]
        finally:
            self.inside -= 1

    async def read_body(self, request: Request, receive: Receive, held: list[int], sender: str) -> bytes:
        """The body; raises TooLarge, TooMuch or Gone."""
        cap = door.body_cap(request.path)
        announced = request.header("content-length")
        if announced.isdecimal() and int(announced) > cap:
            if not request.path.startswith(door.REPORTED) or request.header("expect"):
                raise TooLarge(b"")
            cap = MOST_SEEN
        chunks: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            chunk = message.get("body", b"")
            held[0] += len(chunk)
            self.held += len(chunk)
            self.held_of[sender] += len(chunk)
            if held[0] > cap:
                raise TooLarge(b"".join([*chunks, chunk]))
            if self.held > MOST_HELD or (sender and self.held_of[sender] > MOST_HELD_OF_ONE):
                raise TooMuch
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


def replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the whole body first."""
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


def closing(send: Send) -> Send:
    """A send that ends the connection with the answer: what is left of the body would pass for the next request."""

    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), (b"connection", b"close")]}
        await send(message)

    return give


async def drain(request: Request, receive: Receive) -> None:
    """Take what is on its way for a moment, so that the sender reads our answer instead of a broken pipe."""
    if request.header("expect"):
        return
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return


application = Front()
