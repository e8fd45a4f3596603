"""Reads PagerDuty's Events API v2: one event a request, that triggers, acknowledges or resolves an alert, or tells of a change."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from detection.normal import (
    FIRING,
    LONGEST_ANNOTATION,
    LONGEST_LABEL,
    LONGEST_NAME,
    MOST_LABELS,
    RESOLVED,
    BadAlert,
    BadBatch,
    Batch,
    NormalAlert,
    NormalChange,
    NormalLink,
)
from detection.sources.kinds import Kind, Snippet
from detection.sources.reading import LONGEST_KEY, TEST, identity, link, moment, tidy
from lib.jsonio import canonical
from lib.text import clean

TRIGGER, ACKNOWLEDGE, RESOLVE = "trigger", "acknowledge", "resolve"
SEVERITIES = ("critical", "error", "warning", "info")
WORDS = ("source", "component", "group", "class")
MOST_LINKS = 50
KIND_OF_CHANGE = "change"  # it does not say which
# Its documentation writes +0000, its Python client +00:00Z, and many write no zone where they mean UTC.
ZONE = re.compile(r"(?:[Zz]|([+-]\d\d):?(\d\d)Z?)?$", re.ASCII)
SEVERITY_OF = {"P1": "critical", "P2": "error", "P3": "warning", "P4": "info"}


def parse_mapped(event: Any) -> Batch:
    """What one event means whose severity may be any word: somebody said what it means here. Raises BadBatch."""
    return parse(event, is_mapped=True)


def parse(event: Any, *, is_mapped: bool = False) -> Batch:
    """What one event means. A trigger without `dedup_key` is none here: the door gives it one and tells it to the sender."""
    if not isinstance(event, dict):
        raise BadBatch("not_an_object")
    action = event.get("event_action")
    if action not in (TRIGGER, ACKNOWLEDGE, RESOLVE):
        raise BadBatch("bad_action", clean(action, 40) if isinstance(action, str) else "")
    key = event.get("dedup_key")
    if not isinstance(key, str) or not key.strip() or len(key) > LONGEST_KEY:
        raise BadBatch("bad_dedup_key")
    if action == ACKNOWLEDGE:
        return Batch(acknowledged=[identity(key)])
    try:
        return Batch(alerts=[_triggered(event, key, is_mapped) if action == TRIGGER else _resolved(event, key)])
    except BadAlert as bad:
        raise BadBatch(bad.reason, bad.detail) from None


def parse_change(event: Any) -> NormalChange:
    """A change event. Raises BadBatch for what is none."""
    if not isinstance(event, dict):
        raise BadBatch("not_an_object")
    payload = event.get("payload")
    if not isinstance(payload, dict):
        raise BadBatch("not_an_object", "payload")
    summary = _required(payload, "summary")
    details, _is_cut = _details(payload.get("custom_details"))
    return NormalChange(
        summary=clean(summary, 1024),
        kind=KIND_OF_CHANGE,
        at=_timestamp(payload.get("timestamp")),
        origin=clean(payload["source"], LONGEST_NAME) if isinstance(payload.get("source"), str) else "",
        links=tuple(_links(event)),
        labels={name: text[:LONGEST_LABEL] for name, text in details.items()},
    )


def _triggered(event: dict[str, Any], key: str, is_mapped: bool) -> NormalAlert:
    payload = event.get("payload")
    if not isinstance(payload, dict):
        raise BadAlert("not_an_object", "payload")
    summary, origin, severity = (_required(payload, name) for name in ("summary", "source", "severity"))
    if severity not in SEVERITIES and not is_mapped:
        raise BadAlert("bad_severity", clean(severity, 40))
    told, is_cut = _details(payload.get("custom_details"))
    labels = {name: text for name, text in told.items() if name not in WORDS and len(text) <= LONGEST_LABEL}
    labels |= {name: tidy(payload[name], LONGEST_LABEL) for name in WORDS if isinstance(payload.get(name), str) and payload[name].strip()}
    labels |= {"source": tidy(origin, LONGEST_LABEL), "severity": severity}
    annotations = {name: text for name, text in told.items() if name not in labels}
    for name, value in (("dedup_key", key if identity(key) != key else None), ("client", event.get("client")), ("timestamp", payload.get("timestamp"))):
        if isinstance(value, str) and value.strip():
            annotations[name] = tidy(value, LONGEST_LABEL)
    title = clean(summary, 200)
    return NormalAlert(
        fingerprint=identity(key),
        status=FIRING,
        starts_at=None,
        ends_at=None,
        name=clean(labels.get("class") or summary, LONGEST_NAME),
        title=title,
        summary=clean(summary, LONGEST_ANNOTATION, multiline=True) if len(summary) > 200 else "",
        url=link(event.get("client_url")),
        labels=labels,
        annotations=annotations,
        notes=("labels_cut",) if is_cut else (),
        links=tuple(_links(event)),
    )


def _resolved(event: dict[str, Any], key: str) -> NormalAlert:
    """The end of what the key names; the words of its trigger stand."""
    name = clean(key, LONGEST_NAME)
    if not name:
        raise BadAlert("bad_dedup_key")
    return NormalAlert(
        fingerprint=identity(key), status=RESOLVED, starts_at=None, ends_at=None, name=name, title=name, summary="", url="", labels={}, annotations={}
    )


def _required(payload: dict[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not clean(value, 200):
        raise BadBatch("missing", f"payload.{name}")
    return value


def _details(value: Any) -> tuple[dict[str, str], bool]:
    """The custom details as texts, whatever they hold; and whether something was cut off."""
    if value is None or value == "":
        return {}, False
    found = value if isinstance(value, dict) else {"custom_details": value}
    said = {name: one if isinstance(one, str) else canonical(one) for name, one in sorted(found.items())[:MOST_LABELS] if one is not None}
    is_cut = len(found) > MOST_LABELS or any(len(text) > LONGEST_ANNOTATION for text in said.values())
    return {tidy(name, LONGEST_NAME): tidy(text, LONGEST_ANNOTATION) for name, text in said.items() if name.strip()}, is_cut


def _links(event: dict[str, Any]) -> Iterator[NormalLink]:
    """Links, and images as links: nothing is loaded from elsewhere into our pages."""
    images = event.get("images") if isinstance(event.get("images"), list) else []
    links = event.get("links") if isinstance(event.get("links"), list) else []
    for one in [*links[:MOST_LINKS], *images[:MOST_LINKS]]:  # type: ignore[index]
        if not isinstance(one, dict):
            continue
        is_image = "src" in one
        text = one.get("alt") if is_image else one.get("text")
        said = clean(text, 200) if isinstance(text, str) else ""
        if href := link(one.get("src") if is_image else one.get("href")):
            yield {"href": href, "text": said, "image": is_image}
        if is_image and (target := link(one.get("href"))):
            yield {"href": target, "text": said, "image": False}


def _timestamp(value: Any) -> datetime | None:
    """When a change was; the receipt counts where that is not to be read."""
    if not isinstance(value, str):
        return None
    try:
        return moment(ZONE.sub(lambda zone: f"{zone[1]}:{zone[2]}" if zone[1] else "Z", value.strip(), count=1), "timestamp")[0]
    except BadAlert:
        return None


def sample(title: str, severity: str, status: str) -> dict[str, Any]:
    """An event as its clients send it."""
    payload = {"summary": title, "source": "portal", "severity": SEVERITY_OF[severity]}
    action = RESOLVE if status == RESOLVED else TRIGGER
    return {"event_action": action, "dedup_key": TEST, **({} if action == RESOLVE else {"payload": payload})}


KIND = Kind(
    name="pagerduty",
    label=_("PagerDuty Events API v2"),
    path="/v2/enqueue",
    largest=512 * 1024,
    parse=parse,
    sample=sample,
    snippets=(
        Snippet(_("PagerDuty's Python client"), "detection/snippets/pagerduty-client.txt"),
        Snippet("curl", "detection/snippets/pagerduty-curl.txt"),
    ),
    key_field="routing_key",
    parse_change=parse_change,
    parse_mapped=parse_mapped,
)
