"""The portal's own doors for alerts: key, size, type and shape are checked, and 2xx is answered only after the commit."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _

from detection import guard, mapped_words, refusals
from detection.correlate import Outcome
from detection.delivering import deliver
from detection.doors import RETRY_AFTER, Answer, Door, Find, Opened
from detection.models import Source
from detection.normal import BadBatch, Batch
from detection.reasons import sentence
from detection.sources import KINDS, Kind
from lib.jsonio import BadJSON, loads

LOOK = 1024 * 1024  # bytes of a body that is too large
MOST_TOLD = 1000  # rejected alerts listed in an answer


def _open(request: HttpRequest, find: Find, kind: str, key: str = "") -> Opened:
    """A notification of a source of `kind`; the key stands in the path or as `Authorization: Bearer`."""
    if request.method != "POST":
        raise Answer(405, "method_not_allowed", _("Alerts are sent by POST."))
    source = find(key or _bearer(request), kind)
    if source is None:
        raise Answer(401, "unauthorized", _("This key opens no source."))
    admit(source, 503)
    raw = read_body(request, KINDS[kind].largest, lambda _read: _too_large(source, KINDS[kind]))
    batch = read(source, KINDS[kind], raw)
    return Opened(source, batch, raw, partial(_told, batch))


def _bearer(request: HttpRequest) -> str:
    scheme, _blank, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _claimed(request: HttpRequest, _raw: bytes, kind: str, key: str = "") -> str:
    return key or _bearer(request)


def _told(batch: Batch, outcome: Outcome) -> dict[str, Any]:
    told = [{"index": one.index, "error": sentence(one.reason, one.detail)} for one in batch.rejected[:MOST_TOLD]]
    if batch.rejected and not batch.alerts:
        raise Answer(422, "unprocessable", _("No alert of this notification could be taken; they are set aside."), accepted=0, rejected=told, incidents=[])
    return {"accepted": outcome.accepted, "rejected": told, "incidents": outcome.references}


def _refuse(request: HttpRequest, answer: Answer) -> JsonResponse:
    body = {"error": answer.error, "detail": answer.detail, "request_id": _request_id(request), **answer.more}
    headers = {"Retry-After": str(RETRY_AFTER)} if answer.status in (429, 503) else {"Allow": "POST"} if answer.status == 405 else {}
    return JsonResponse(body, status=answer.status, headers=headers)


receive = Door(_open, _claimed, _refuse).view()


def take(source: Source, kind: Kind, raw: bytes) -> tuple[Batch, Outcome]:
    """What lies behind the key: read, store, correlate. Raises Answer for what cannot be read, Busy."""
    batch = read(source, kind, raw)
    return batch, deliver(source, batch, raw)


def admit(source: Source, status: int) -> None:
    """Let one more request of the source in. Raises Answer with `status`: Alertmanager drops what is answered 429, others wait then."""
    if not guard.admits(source.pk):
        refusals.report(source, "rate")
        raise Answer(status, "too_many_requests", _("More requests than this source may send; send this again."))


def read_body(request: HttpRequest, largest: int, too_large: Callable[[bytes], Answer]) -> bytes:
    """The body, once its size, coding and type are what they must be. `too_large` answers for one of more than `largest` bytes, given what was read."""
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > largest:
        raise too_large(_beginning(request))
    if encoding not in ("", "identity"):
        raise Answer(415, "unsupported_encoding", _("The body %(reason)s.") % {"reason": sentence("compressed")})
    media = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
        raise Answer(415, "unsupported_media_type", _("The body %(reason)s.") % {"reason": sentence("not_json")})
    try:
        raw = request.body
    except RequestDataTooBig:
        raise too_large(b"") from None
    except (UnreadablePostError, OSError):
        raise Answer(400, "malformed", _("The body ended early.")) from None
    if len(raw) > largest:
        raise too_large(raw)
    return raw


def _beginning(request: HttpRequest) -> bytes:
    """What is there of a body that is too large: its sender's key may stand in it."""
    try:
        return request.read(LOOK)
    except (UnreadablePostError, OSError):
        return b""


def _too_large(source: Source, kind: Kind) -> Answer:
    refusals.report(source, "size")
    return Answer(413, "too_large", _("The body %(reason)s.") % {"reason": sentence("too_large", kind.limit)})


def read(source: Source, kind: Kind, raw: bytes) -> Batch:
    """The batch; a body that cannot be read is set aside as a whole."""
    try:
        payload = loads(raw)
    except BadJSON as bad:
        refusals.set_aside(source, raw, "malformed", str(bad.detail))
        raise Answer(400, "malformed", str(bad.detail)) from None
    try:
        return kind.parse(payload)
    except BadBatch as bad:
        with suppress(BadBatch):
            return mapped_words.read(source, kind, payload, bad)
        refusals.set_aside(source, raw, bad.reason, bad.detail)
        raise Answer(422, "unprocessable", _("The body %(reason)s.") % {"reason": sentence(bad.reason, bad.detail)}) from None


def _request_id(request: HttpRequest) -> str:
    bound = structlog.contextvars.get_contextvars().get("request_id")
    return str(bound or getattr(request, "request_id", "") or uuid4())
