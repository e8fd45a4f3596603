"""Reads alerts in the portal's own plain form: one object or a list, from a script or any sender that speaks JSON."""

import hashlib
from typing import Any

from django.utils.translation import gettext_lazy as _

from detection.normal import (
    FIRING,
    LONGEST_ANNOTATION,
    LONGEST_LABEL,
    LONGEST_NAME,
    MOST_ALERTS,
    RESOLVED,
    BadAlert,
    BadBatch,
    Batch,
    NormalAlert,
    Rejected,
)
from detection.sources.kinds import MIB, Kind, Snippet
from detection.sources.reading import LONGEST_KEY, TEST, identity, link, texts
from lib.jsonio import canonical
from lib.text import clean


def parse(payload: Any) -> Batch:
    """The alerts of one request; those that cannot be taken stand beside them with index and reason."""
    if not isinstance(payload, dict | list) or not payload:
        raise BadBatch("no_objects")
    alerts = payload if isinstance(payload, list) else [payload]
    if len(alerts) > MOST_ALERTS:
        raise BadBatch("too_many", str(len(alerts)))
    batch = Batch()
    for index, alert in enumerate(alerts):
        try:
            batch.alerts.append(_alert(alert))
        except BadAlert as bad:
            batch.rejected.append(Rejected(index, bad.reason, clean(bad.detail, 200), alert))
    return batch


def _alert(alert: Any) -> NormalAlert:
    if not isinstance(alert, dict):
        raise BadAlert("not_an_object")
    status = alert.get("status") or FIRING
    if status not in (FIRING, RESOLVED):
        raise BadAlert("bad_status", status if isinstance(status, str) else "")
    title = _text(alert, "title")
    labels, is_cut = texts(alert.get("labels"), LONGEST_LABEL, "bad_labels")
    for name in ("severity", "service"):
        if said := clean(_text(alert, name), LONGEST_LABEL):
            labels[name] = said
    if not clean(title, 200):
        raise BadAlert("no_title")
    return NormalAlert(
        fingerprint=_fingerprint(alert.get("dedup_key"), title, labels),
        status=status,
        starts_at=None,
        ends_at=None,
        name=clean(labels.get("alertname") or title, LONGEST_NAME),
        title=clean(title, 200),
        summary=clean(_text(alert, "description"), LONGEST_ANNOTATION, multiline=True),
        url=link(alert.get("url")),
        labels=labels,
        annotations={},
        notes=("labels_cut",) if is_cut else (),
    )


def _text(alert: dict[str, Any], name: str) -> str:
    value = alert.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadAlert("not_text", name)
    return value


def _fingerprint(key: Any, title: str, labels: dict[str, str]) -> str:
    """The sender's, else one of title, service and the other labels: severity says how bad it is, not what it is."""
    if key is None or key == "":
        told = {name: text for name, text in labels.items() if name != "severity"}
        return hashlib.sha256(canonical([title, told]).encode()).hexdigest()
    if not isinstance(key, str) or len(key) > LONGEST_KEY:
        raise BadAlert("bad_dedup_key")
    return identity(key)


def sample(title: str, severity: str, status: str) -> dict[str, Any]:
    """A request with one alert."""
    return {"title": title, "severity": severity, "status": status, "dedup_key": TEST}


KIND = Kind(
    name="generic",
    label=_("Anything that sends JSON"),
    path="/ingest/generic/{key}/",
    largest=MIB,
    parse=parse,
    sample=sample,
    snippets=(Snippet("curl", "detection/snippets/generic-curl.txt"),),
)
