"""PagerDuty's own doors, so that its clients work with only the address changed: the key stands in the body, the answers are PagerDuty's."""

import re
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, JsonResponse

from detection import changes, refusals
from detection.delivering import within
from detection.doors import RETRY_AFTER, Answer, Door, Find, Opened
from detection.ingest import admit, read, read_body
from detection.masking import MASK
from detection.models import Source
from detection.normal import BadBatch
from detection.reasons import sentence
from detection.sources.pagerduty import KIND, TRIGGER, parse_change
from lib.jsonio import BadJSON, canonical, loads

CLAIMED = re.compile(rb'"routing_key"\s{0,20}:\s{0,20}"([0-9a-f]{32})"')
STATUSES = {429: "throttle exceeded", 503: "unavailable"}  # of the rest PagerDuty says "invalid event"


def _event(request: HttpRequest, find: Find) -> Opened:
    source, event = _opened(request, find)
    if event.get("event_action") == TRIGGER and event.get("dedup_key") in (None, ""):
        event["dedup_key"] = uuid4().hex
    raw = canonical(event).encode()
    told = {"status": "success", "message": "Event processed", "dedup_key": event.get("dedup_key")}
    return Opened(source, read(source, KIND, raw), raw, lambda _outcome: told)


def _change(request: HttpRequest, find: Find) -> dict[str, Any]:
    source, event = _opened(request, find)
    said = canonical(event)
    try:
        told = parse_change(event)
    except BadBatch as bad:
        refusals.set_aside(source, said.encode(), bad.reason, bad.detail)
        raise Answer(422, "unprocessable", sentence(bad.reason, bad.detail)) from None
    within(lambda received: changes.take(source, told, said, received))
    return {"status": "success", "message": "Change event processed"}


def _opened(request: HttpRequest, find: Find) -> tuple[Source, dict[str, Any]]:
    """The source whose key the event holds, and the event without it."""
    if request.method != "POST":
        raise Answer(405, "method_not_allowed", "Events are sent by POST.")
    raw = read_body(request, KIND.largest, lambda read: _too_large(read, find))
    try:
        event = loads(raw)
    except BadJSON as bad:
        if (source := find(claimed_in(raw), KIND.name)) is not None:
            admit(source, 429)
            refusals.set_aside(source, raw, "malformed", str(bad.detail))
        raise Answer(400, "malformed", str(bad.detail)) from None
    key = event.get("routing_key") if isinstance(event, dict) else None
    source = find(key, KIND.name) if isinstance(key, str) else None
    if source is None:
        is_short = not isinstance(key, str) or len(key) != 32
        raise Answer(401, "unauthorized", "Length of 'routing_key' is incorrect (should be 32 characters)" if is_short else "Invalid routing key")
    admit(source, 429)
    return source, {**event, "routing_key": MASK}


def claimed_in(raw: bytes) -> str:
    """The key that stands in a body which cannot be read as a whole, or was not yet."""
    found = CLAIMED.search(raw)
    return found[1].decode() if found else ""


def _claimed(_request: HttpRequest, raw: bytes) -> str:
    return claimed_in(raw)


def _too_large(raw: bytes, find: Find) -> Answer:
    if (source := find(claimed_in(raw), KIND.name)) is not None:
        refusals.report(source, "size")
    return Answer(413, "too_large", f"Events are limited to {KIND.limit}.")


def _refuse(request: HttpRequest, problem: Answer) -> JsonResponse:
    """202 is all that is good; whatever is wrong with the event is 400, the rest 413, 415, 429, 503."""
    status = 400 if problem.status in (401, 422) else problem.status
    said = {
        "status": STATUSES.get(status, "invalid event"),
        "message": "Event object is invalid" if status == 400 else problem.detail,
        "errors": [problem.detail],
    }
    headers = {"Retry-After": str(RETRY_AFTER)} if status in (429, 503) else {"Allow": "POST"} if status == 405 else {}
    return JsonResponse(said, status=status, headers=headers)


receive = Door(_event, _claimed, _refuse).view()  # POST /v2/enqueue
receive_change = Door(_change, _claimed, _refuse).view()  # POST /v2/change/enqueue
