"""PagerDuty's own doors, so that its clients work with only the address changed: the key stands in the body, the answers are PagerDuty's."""

import re
from typing import Any
from uuid import uuid4

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from detection import changes, keys, refusals
from detection.delivering import Busy, within
from detection.ingest import RETRY_AFTER, Answer, admit, busy, read_body, take
from detection.masking import MASK
from detection.models import Source
from detection.normal import BadBatch
from detection.reasons import sentence
from detection.sources.pagerduty import KIND, TRIGGER, parse_change
from lib.jsonio import BadJSON, canonical, loads

CLAIMED = re.compile(rb'"routing_key"\s{0,20}:\s{0,20}"([0-9a-f]{32})"')
STATUSES = {429: "throttle exceeded", 503: "unavailable"}  # of the rest PagerDuty says "invalid event"


@csrf_exempt
def receive(request: HttpRequest, *, is_change: bool = False) -> JsonResponse:
    """`POST /v2/enqueue` and `/v2/change/enqueue` (Events API v2: 202, 400 for whatever is wrong with the event, 413, 415, 429, 503)."""
    try:
        return JsonResponse(_change(request) if is_change else _event(request), status=202)
    except Answer as answer:
        problem = answer
    except Busy:
        problem = busy()
    except (DatabaseError, InterfaceError) as error:
        problem = busy(error)
    status = 400 if problem.status in (401, 422) else problem.status
    said = {
        "status": STATUSES.get(status, "invalid event"),
        "message": "Event object is invalid" if status == 400 else problem.detail,
        "errors": [problem.detail],
    }
    headers = {"Retry-After": str(RETRY_AFTER)} if status in (429, 503) else {"Allow": "POST"} if status == 405 else {}
    return JsonResponse(said, status=status, headers=headers)


def _event(request: HttpRequest) -> dict[str, Any]:
    source, event = _opened(request)
    if event.get("event_action") == TRIGGER and event.get("dedup_key") in (None, ""):
        event["dedup_key"] = uuid4().hex
    take(source, KIND, canonical(event).encode())
    return {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}


def _change(request: HttpRequest) -> dict[str, Any]:
    source, event = _opened(request)
    said = canonical(event)
    try:
        told = parse_change(event)
    except BadBatch as bad:
        refusals.set_aside(source, said.encode(), bad.reason, bad.detail)
        raise Answer(422, "unprocessable", sentence(bad.reason, bad.detail)) from None
    within(lambda received: changes.take(source, told, said, received))
    return {"status": "success", "message": "Change event processed"}


def _opened(request: HttpRequest) -> tuple[Source, dict[str, Any]]:
    """The source whose key the event holds, and the event without it."""
    if request.method != "POST":
        raise Answer(405, "method_not_allowed", "Events are sent by POST.")
    raw = read_body(request, KIND.largest, _too_large)
    try:
        event = loads(raw)
    except BadJSON as bad:
        if (source := _claimed(raw)) is not None:
            admit(source, 429)
            refusals.set_aside(source, raw, "malformed", str(bad.detail))
        raise Answer(400, "malformed", str(bad.detail)) from None
    key = event.get("routing_key") if isinstance(event, dict) else None
    source = keys.find(key, KIND.name) if isinstance(key, str) else None
    if source is None:
        is_short = not isinstance(key, str) or len(key) != 32
        raise Answer(401, "unauthorized", "Length of 'routing_key' is incorrect (should be 32 characters)" if is_short else "Invalid routing key")
    admit(source, 429)
    return source, {**event, "routing_key": MASK}


def _claimed(raw: bytes) -> Source | None:
    """The source whose key stands in a body that cannot be read as a whole."""
    found = CLAIMED.search(raw)
    return keys.find(found[1].decode(), KIND.name) if found else None


def _too_large(raw: bytes) -> Answer:
    if (source := _claimed(raw)) is not None:
        refusals.report(source, "size")
    return Answer(413, "too_large", f"Events are limited to {KIND.limit}.")
