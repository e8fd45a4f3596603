"""The two doors to the live hub: `/live/` for pages and `/api/v1/incidents/<ref>/stream/` for machines.

Refusals stay English: the page's script and machines read their codes, nobody reads their words.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from django.conf import settings
from django.db import Error

from portal import live, stories
from portal.asgi import Receive, Request, Send, refuse
from portal.hub import Full, Hub, Listener
from portal.live import BadTicket, Ticket, frame
from portal.version import version

log = logging.getLogger(__name__)

API_STREAM = re.compile(r"^/api/v1/incidents/([A-Z]{2,8}-\d{4}-\d{1,9})/stream/$")
Opener = Callable[[Hub, Request, Receive, Send], Awaitable[None]]
BEAT_SECONDS = 15.0
SLOW_SECONDS = 30.0  # a reader that takes nothing for this long is gone
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]


async def live_stream(hub: Hub, request: Request, receive: Receive, send: Send) -> None:
    """`GET /live/?ticket=…&at=…`."""
    query = parse_qs(request.query, max_num_fields=10)
    try:
        ticket = live.unseal(query.get("ticket", [""])[0])
        at = live.parse_at(query.get("at", [""])[0])
    except BadTicket:
        await refuse(send, request, 401, "ticket", "The ticket is unknown or too old; fetch a new one.")
        return
    except ValueError:
        await refuse(send, request, 400, "at", "“at” takes key:number pairs, separated by commas, at most 50.")
        return
    board_at = at.pop(live.BOARD, None)
    await stream(hub, request, receive, send, ticket, at, board_at)


async def api_stream(hub: Hub, request: Request, receive: Receive, send: Send) -> None:
    """`GET /api/v1/incidents/<ref>/stream/` with a bearer token; `Last-Event-ID` says where to go on."""
    found = API_STREAM.match(request.path)
    scheme, _, secret = request.header("authorization").partition(" ")
    try:
        token = await hub.read(stories.of_token, secret.strip()) if found and scheme.lower() == "bearer" else None
        if found is None or token is None:
            await refuse(send, request, 401, "not_authenticated", "A token with the scope “read” is needed.", headers=[(b"www-authenticate", b"Bearer")])
            return
        reference = found[1]
        if token.services or reference not in await hub.read(lambda: stories.visible(token.user_id, references=[reference])):
            await refuse(send, request, 404, "not_found", "There is no such incident.")
            return
    except Error:
        await refuse(send, request, 503, "away", "The database is away; try again.", headers=[(b"retry-after", b"5")])
        return
    last = request.header("last-event-id").rpartition(":")[2]
    ticket = Ticket(user=token.user_id, language=token.user.language or settings.LANGUAGE_CODE, token=token.pk, is_api=True)
    await stream(hub, request, receive, send, ticket, {reference: int(last) if last.isdecimal() and len(last) < 12 else 0}, None)


async def stream(hub: Hub, request: Request, receive: Receive, send: Send, ticket: Ticket, at: dict[str, int], board_at: int | None) -> None:
    """Join the hub and write until one side ends it."""
    try:
        listener = await hub.join(ticket, at, has_board=board_at is not None, board_at=board_at or 0)
    except (Full, Error):
        await refuse(send, request, 503, "busy", "No stream can be opened now; try again.", headers=[(b"retry-after", b"3")])
        return
    if listener is None:
        await refuse(send, request, 401, "ticket", "The session has ended; sign in again.")
        return
    leaving = asyncio.create_task(watch_leaving(receive, listener))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, *request.security_headers()]})
        await write(hub, listener, send)
    finally:
        leaving.cancel()
        hub.leave(listener)
    with contextlib.suppress(OSError):
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def watch_leaving(receive: Receive, listener: Listener) -> None:
    """Ends the stream when the reader goes."""
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end("left")


async def write(hub: Hub, listener: Listener, send: Send) -> None:
    """Hello, what was missed, then what comes."""
    try:
        await put(send, live.RETRY + hello(hub, listener))
        while not listener.ended:
            listener.wake.clear()
            await write_news(hub, listener, send)
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    await listener.wake.wait()
            except TimeoutError:
                await put(send, live.BEAT)
        if listener.ended != "left":
            await put(send, frame("bye", {"reason": listener.ended}))
    except Slow:
        log.info("a live stream is closed: its reader takes nothing")
    except Error:
        await put(send, frame("bye", {"reason": "restart"}))


def hello(hub: Hub, listener: Listener) -> bytes:
    """Where each key stands now, and the time."""
    at = {reference: hub.known[pk].last_seq for pk, reference in listener.references.items() if pk in hub.known}
    if listener.has_board:
        at[live.BOARD] = hub.board_number
    return frame("hello", {"now": listener.since.isoformat().replace("+00:00", "Z"), "at": at, "version": version()})


async def write_news(hub: Hub, listener: Listener, send: Send) -> None:
    """Everything that the listener lacks now."""
    while listener.gone:
        await put(send, frame("gone", {"ref": listener.gone.pop(0)}))
    for pk in list(listener.at):
        kinds: set[str] = set()
        while pk in listener.at and not listener.ended and (batch := await hub.next_frames(listener, pk)):
            if pk not in listener.at:
                break  # the right went while we read
            listener.at[pk] = batch[-1].seq
            kinds.update(one.kind for one in batch)
            await put(send, b"".join(one.data for one in batch))
        if kinds and pk in listener.references:
            await put(send, frame("moved", {"topic": "incident", "ref": listener.references[pk], "seq": listener.at[pk], "panels": stories.panels_of(kinds)}))
    if listener.board:
        moved, listener.board = listener.board, {}
        await put(send, b"".join(board_line(now) for now in sorted(moved.values(), key=lambda now: now.moved_ms)))


def board_line(now: stories.Moved) -> bytes:
    """One incident of the board moved."""
    return frame("moved", {"topic": live.BOARD, "ref": now.reference, "seq": now.last_seq}, f"{live.BOARD}:{now.moved_ms}")


class Slow(Exception):
    """The reader takes nothing."""


async def put(send: Send, data: bytes) -> None:
    """Write; raises Slow when the reader's side stays full."""
    try:
        async with asyncio.timeout(SLOW_SECONDS):
            await send({"type": "http.response.body", "body": data, "more_body": True})
    except TimeoutError as error:
        raise Slow from error
