"""The live hub: one per process, learns what moved, reads and encodes it once, and wakes who listens."""

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db import Error, connections

from lib import clock, nudge
from portal import stories
from portal.live import Ticket
from portal.stories import Frame, Moved, reading

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # when nobody nudges
QUIET_SECONDS = 0.03  # entries that come together are read together
CHECK_SECONDS = 20.0  # how often rights are read again
KEPT_FRAMES = 500  # newest entries kept encoded, per incident and language
WARM_FRAMES = 100  # as many are encoded when the first reader comes: after a restart all come back at once
BATCH = stories.BATCH
REDACTED = "incidents.redacted"
MOST_LISTENERS = 5000
MOST_AT_ONCE = 200  # as many are let in by one look at rights

Found = TypeVar("Found")
Story = tuple[int, str, bool]  # incident, language, whether for the API


class Full(Exception):
    """No room for another listener."""


@dataclass(eq=False)
class Listener:
    """One open stream. It keeps only positions: a slow reader costs no memory and misses nothing."""

    ticket: Ticket
    since: datetime
    at: dict[int, int] = field(default_factory=dict)  # incident → the last sequence written
    references: dict[int, str] = field(default_factory=dict)
    has_board: bool = False
    board: dict[str, Moved] = field(default_factory=dict)  # what to say of the board, one line per incident
    gone: list[str] = field(default_factory=list)
    ended: str = ""  # why it ends: "signed_out", "restart", "slow", "left"
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, reason: str) -> None:
        """Say goodbye and close."""
        self.ended = self.ended or reason
        self.wake.set()

    def lose(self, pk: int) -> None:
        """An incident is no longer theirs."""
        if pk in self.at:
            del self.at[pk]
            self.gone.append(self.references.pop(pk))
            self.wake.set()


Asked = tuple[Ticket, frozenset[str]]  # who comes, and the incidents they name


def admit(asked: list[Asked], *, with_board: bool) -> tuple[list[dict[str, int] | None], list[Moved], datetime]:
    """For each of those at the door which incidents it opens to them (None: not even the door); where these stand; and the time.

    A crowd costs as many questions as one reader, and one more for each person who names a private incident.
    """
    valid = stories.valid({ticket for ticket, _references in asked})
    named: dict[int, set[str]] = defaultdict(set)
    for ticket, references in asked:
        if ticket in valid:
            named[ticket.user] |= references
    seen = stories.visible_to_each(named)
    opened = [
        {reference: seen[ticket.user][reference] for reference in references if reference in seen[ticket.user]} if ticket in valid else None
        for ticket, references in asked
    ]
    pks = {pk for found in opened if found for pk in found.values()}
    return opened, stories.moved(pks, with_board=with_board), clock.now()


def call_soon(loop: asyncio.AbstractEventLoop, work: Callable[[], None]) -> None:
    """From another thread; a loop that has ended needs no call."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(work)


class Hub:
    """Holds the listeners of this process; all of it runs on the event loop."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self.known: dict[int, Moved] = {}
        self.frames: dict[Story, list[Frame]] = {}
        self.locks: dict[Story, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.stories: Counter[Story] = Counter()  # how many listeners read each
        self.reader = ThreadPoolExecutor(1, thread_name_prefix="hub")
        self.doorman = ThreadPoolExecutor(1, thread_name_prefix="hub-door")  # a crowd at the door must not hold up the news
        self.moving = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []
        self.waiting: list[tuple[Asked, bool, asyncio.Future[tuple[dict[str, int] | None, list[Moved], datetime]]]] = []
        self.letting_in: asyncio.Task[None] | None = None
        self.is_away = False
        self.is_closing = False
        self.board_number = 0
        self.stop_listening: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Begin to look."""
        loop = asyncio.get_running_loop()
        self.stop_listening = nudge.listen(lambda names: call_soon(loop, self.moving.set), names={"live"})
        self.tasks = [asyncio.create_task(self._look_for_ever()), asyncio.create_task(self._check_for_ever())]

    def close(self, reason: str = "restart") -> None:
        """End all streams now and take no more."""
        self.is_closing = True
        for listener in self.listeners:
            listener.end(reason)

    async def stop(self) -> None:
        """Let go of tasks and threads."""
        self.close()
        self.stop_listening()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for pool in (self.reader, self.doorman):
            pool.submit(connections.close_all)
            pool.shutdown(wait=False)

    async def read(self, work: Callable[..., Found], *args: Any) -> Found:
        """Call `work` in the reading thread."""
        return await self._run(self.reader, work, *args)

    @staticmethod
    async def _run(pool: ThreadPoolExecutor, work: Callable[..., Found], *args: Any) -> Found:
        return await asyncio.get_running_loop().run_in_executor(pool, partial(reading, work, *args))

    # --- joining --------------------------------------------------------------------------------

    async def join(self, ticket: Ticket, references: dict[str, int], *, has_board: bool = False, board_at: int = 0) -> Listener | None:
        """Begin to listen from these sequences; None when the ticket's session or token no longer stands.

        Raises Full, and what the database raises.
        """
        if self.is_closing or len(self.listeners) >= MOST_LISTENERS:
            raise Full
        seen, fresh, now = await self._ask(ticket, frozenset(references), has_board)
        if seen is None:
            return None
        await self._take(fresh)
        for row in fresh:
            self.known.setdefault(row.pk, row)  # the last listener may have left meanwhile, and all was forgotten
        listener = Listener(ticket=ticket, since=now, has_board=has_board)
        listener.gone = [reference for reference in references if reference not in seen]
        for reference, pk in seen.items():
            listener.references[pk] = reference
            listener.at[pk] = min(references[reference], self.known[pk].last_seq)
            self.stories[pk, ticket.language, ticket.is_api] += 1
        if has_board and board_at < self.board_number:
            later = [now for now in self.known.values() if now.moved_ms > board_at]
            sees = await self._who_sees([now for now in later if now.is_private], {ticket.user})
            listener.board = {now.reference: now for now in later if not now.is_private or ticket.user in sees[now.pk]}
        self.listeners.add(listener)
        if self.is_closing:
            listener.end("restart")
        return listener

    async def _ask(self, ticket: Ticket, references: frozenset[str], has_board: bool) -> tuple[dict[str, int] | None, list[Moved], datetime]:
        """Ask the doorman; whoever comes while he reads is asked for together at his next turn."""
        answer: asyncio.Future[tuple[dict[str, int] | None, list[Moved], datetime]] = asyncio.get_running_loop().create_future()
        self.waiting.append(((ticket, references), has_board, answer))
        if self.letting_in is None or self.letting_in.done():
            self.letting_in = asyncio.create_task(self._let_in())
        return await answer

    async def _let_in(self) -> None:
        while self.waiting:
            waiting, self.waiting = self.waiting[:MOST_AT_ONCE], self.waiting[MOST_AT_ONCE:]
            asked, has_board = [one for one, _board, _answer in waiting], any(board for _one, board, _answer in waiting)
            try:
                opened, fresh, now = await self._run(self.doorman, partial(admit, asked, with_board=has_board))
            except Exception as error:  # noqa: BLE001 - handed to those who asked
                for _one, _board, answer in waiting:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_one, _board, answer), seen in zip(waiting, opened, strict=True):
                if not answer.done():
                    answer.set_result((seen, fresh, now))

    def leave(self, listener: Listener) -> None:
        """Stop listening; what nobody reads any more is forgotten."""
        self.listeners.discard(listener)
        for pk in list(listener.at):
            self._unread(listener, pk)
        if not self.listeners:
            self.known.clear()

    def _unread(self, listener: Listener, pk: int) -> None:
        story = (pk, listener.ticket.language, listener.ticket.is_api)
        self.stories[story] -= 1
        if self.stories[story] <= 0:
            self.stories.pop(story, None)
            self.frames.pop(story, None)
            self.locks.pop(story, None)

    async def next_frames(self, listener: Listener, pk: int) -> list[Frame]:
        """The entries that follow the listener's position, at most 100; empty when it has all that are known."""
        after, now = listener.at[pk], self.known.get(pk)
        if now is None or after >= now.last_seq:
            return []
        story = (pk, listener.ticket.language, listener.ticket.is_api)
        async with self.locks[story]:
            kept = self.frames.get(story) or []
            if not kept or kept[-1].seq < now.last_seq:
                first = max(0, now.last_seq - KEPT_FRAMES, min(after, now.last_seq - WARM_FRAMES))
                fresh = await self._read_all(story, kept[-1].seq if kept else first)
                # After a redaction nothing that was encoded before it may be shown again.
                kept = fresh if any(frame.kind == REDACTED for frame in fresh) else (kept + fresh)[-KEPT_FRAMES:]
                self.frames[story] = kept
        if kept and kept[0].seq <= after + 1:
            start = after + 1 - kept[0].seq
            return kept[start : start + BATCH]
        return await self.read(stories.encode, *story, after)  # far behind the kept ones: for this listener alone

    async def _read_all(self, story: Story, after: int) -> list[Frame]:
        found: list[Frame] = []
        while batch := await self.read(stories.encode, *story, after):
            found += batch
            after = batch[-1].seq
            if len(batch) < BATCH:
                break
        return found

    # --- looking --------------------------------------------------------------------------------

    async def _look_for_ever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.moving.wait()
                    await asyncio.sleep(QUIET_SECONDS)
            except TimeoutError:
                pass
            self.moving.clear()
            await self._guarded(self.look)

    async def _check_for_ever(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self._guarded(self.check)

    async def _guarded(self, work: Callable[[], Any]) -> None:
        """A database that is away ends no stream: positions stand, and the next look catches up."""
        try:
            await work()
            self.is_away = False
        except Error as error:
            if not self.is_away:
                log.warning("live streams wait for the database: %s", error)
            self.is_away = True

    async def look(self) -> None:
        """Learn what moved and wake its listeners."""
        if not self.listeners:
            return
        pks = {pk for listener in self.listeners for pk in listener.at}
        await self._take(await self.read(lambda: stories.moved(pks, with_board=any(listener.has_board for listener in self.listeners))))

    async def _take(self, rows: list[Moved]) -> None:
        """What has a higher number than we knew is news for its listeners; private ones are checked before anything of them is written."""
        changed = [now for now in rows if now.pk not in self.known or self.known[now.pk].last_seq < now.last_seq]
        sees = await self._who_sees([now for now in changed if now.is_private], {listener.ticket.user for listener in self.listeners})
        for now in changed:
            self.known[now.pk] = now
            self.board_number = max(self.board_number, now.moved_ms)
            for listener in self.listeners:
                if now.is_private and listener.ticket.user not in sees[now.pk]:
                    self._lose(listener, now.pk)
                elif listener.has_board or now.pk in listener.at:
                    if listener.has_board:
                        listener.board[now.reference] = now
                    listener.wake.set()

    def _lose(self, listener: Listener, pk: int) -> None:
        if pk in listener.at:
            self._unread(listener, pk)
            listener.lose(pk)

    async def _who_sees(self, private: Iterable[Moved], users: set[int]) -> dict[int, set[int]]:
        """For each private incident the people among `users` who may see it now."""
        pks = [now.pk for now in private]
        found: dict[int, set[int]] = {pk: set() for pk in pks}
        if pks:
            for user in users:
                for pk in (await self.read(lambda user=user: stories.visible(user, pks=pks))).values():
                    found[pk].add(user)
        return found

    async def check(self) -> None:
        """Read all rights again: sessions, tokens, people, and who may see which private incident."""
        listeners = list(self.listeners)
        if not listeners:
            return
        valid = await self.read(stories.valid, {listener.ticket for listener in listeners})
        for listener in listeners:
            if listener.ticket not in valid:
                listener.end("signed_out")
        private = [self.known[pk] for pk in {pk for listener in listeners for pk in listener.at} if pk in self.known and self.known[pk].is_private]
        holders = {listener.ticket.user for listener in listeners if any(now.pk in listener.at for now in private)}
        sees = await self._who_sees(private, holders)
        for listener in listeners:
            for now in private:
                if listener.ticket.user not in sees[now.pk]:
                    self._lose(listener, now.pk)
