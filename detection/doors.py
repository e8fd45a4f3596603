"""What all doors for alerts share: a request is opened, stored together with those of its source that came with it, and answered in its door's words."""

import contextvars
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from detection import keys
from detection.correlate import Outcome
from detection.delivering import PATIENCE, Busy, Waiting, deliver_together
from detection.models import Source
from detection.normal import Batch
from lib.db import is_away

logger = logging.getLogger(__name__)
RETRY_AFTER = 5  # seconds

Find = Callable[[str, str], Source | None]  # key and kind → whose it is


class Answer(Exception):
    """A refusal on the way in: status and code for machines, words for people."""

    def __init__(self, status: int, error: str, detail: str, **more: Any):
        super().__init__(error)
        self.status, self.error, self.detail, self.more = status, error, detail, more


@dataclass(frozen=True)
class Opened:
    """A request that is to be stored, and what is said once it is; `told` may raise Answer."""

    source: Source
    batch: Batch
    raw: bytes
    told: Callable[[Outcome], dict[str, Any]]


@dataclass(frozen=True)
class Door:
    """`open(request, find, **given)` checks and reads a request; what it did all by itself it answers at once. Raises Answer, Busy.

    `claimed(request, raw, **given)` is the key that a request names, looked up nowhere; `refuse` says a refusal in the words of the door.
    """

    open: Callable[..., Opened | dict[str, Any]]
    claimed: Callable[..., str]
    refuse: Callable[[HttpRequest, Answer], JsonResponse]

    def view(self) -> Callable[..., HttpResponse]:
        """The door as a view for one request by itself; `view.door` is this."""

        def receive(request: HttpRequest, **given: Any) -> HttpResponse:
            visit = Visit(self, request, given)
            serve([visit])
            if visit.response is None:
                raise visit.error or AssertionError("a visit ended without an answer")
            return visit.response

        receive.door = self  # type: ignore[attr-defined]
        return csrf_exempt(receive)


@dataclass(eq=False)
class Visit:
    """A request from its coming to its answer; whatever is said of it is said in its language, and in its `context` for the log."""

    door: Door
    request: HttpRequest
    given: dict[str, Any]
    language: str | None = field(default_factory=translation.get_language)
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    came: float = field(default_factory=time.monotonic)
    opened: Opened | None = None
    source: Source | None = None  # whose key it holds, if that was looked up
    response: HttpResponse | None = None
    error: Exception | None = None  # what is no refusal
    is_turned_away: bool = False  # because the database is away or busy

    def open(self, find: Find) -> None:
        """Check and read it: it is answered then, or `opened` to be stored."""
        self._attempt(lambda: self._open(find))

    def close(self, waiting: Waiting) -> None:
        """Answer what was to be stored."""
        assert self.opened is not None
        told = self.opened.told
        self._attempt(lambda: told(waiting.result()))

    def turn_away(self) -> None:
        """Ask to come again."""
        self._attempt(_no_time)

    def _open(self, find: Find) -> dict[str, Any] | None:
        def note(key: str, kind: str) -> Source | None:
            self.source = find(key, kind)
            return self.source

        found = self.door.open(self.request, note, **self.given)
        if isinstance(found, dict):
            return found
        self.opened = found
        return None

    def _attempt(self, act: Callable[[], dict[str, Any] | None]) -> None:
        self.context.run(self._answer, act)

    def _answer(self, act: Callable[[], dict[str, Any] | None]) -> None:
        """What comes of `act` is the answer, unless that is None."""
        with translation.override(self.language):  # no context carries it from thread to thread
            try:
                told = act()
                self.response = JsonResponse(told, status=202) if told is not None else None
            except Answer as answer:
                self.response = self.door.refuse(self.request, answer)
            except Exception as error:  # noqa: BLE001 - it belongs to this request alone, and whoever called says so
                self.is_turned_away = isinstance(error, Busy) or is_away(error)
                if self.is_turned_away:
                    self.response = self.door.refuse(self.request, busy(error))
                else:
                    self.error = error


def _no_time() -> None:
    raise Busy


def busy(error: Exception) -> Answer:
    """The answer while the database is away or busy."""
    if is_away(error):
        logger.warning("alerts refused, the database is away: %s", type(error).__name__)
    return Answer(503, "busy", _("The database is away or busy; send this again."))


def serve(visits: Iterable[Visit]) -> None:
    """Answer these requests, in the order in which they came; a bad one spoils nothing for the others.

    Each has its response afterwards, or the error that is nobody else's.
    """
    find = cache(keys.find)
    taken: list[tuple[Visit, Opened, Waiting]] = []
    is_away = False
    for visit in visits:
        if is_away:
            visit.turn_away()  # one that waited in vain is enough
            continue
        visit.open(find)
        is_away = visit.is_turned_away
        if visit.opened is not None:
            taken.append((visit, visit.opened, Waiting(visit.opened.batch, visit.opened.raw, visit.came + PATIENCE)))
    for _source, group in groupby(taken, key=lambda one: one[1].source.pk):
        together = list(group)
        deliver_together(together[0][1].source, [waiting for _visit, _opened, waiting in together])
    for visit, _opened, waiting in taken:
        visit.close(waiting)
