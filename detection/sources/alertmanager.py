"""Reads the webhook of Prometheus' Alertmanager, version 4."""

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
from detection.sources.reading import TEST, link, moment, texts
from lib import clock
from lib.jsonio import canonical
from lib.text import clean


def parse(payload: Any) -> Batch:
    """The alerts of one notification; those that cannot be taken stand beside them with index and reason."""
    if not isinstance(payload, dict) or not isinstance(payload.get("alerts"), list):
        raise BadBatch("no_alerts")
    alerts = payload["alerts"]
    if len(alerts) > MOST_ALERTS:
        raise BadBatch("too_many", str(len(alerts)))
    batch = Batch(truncated=_count(payload.get("truncatedAlerts")))
    for index, alert in enumerate(alerts):
        try:
            batch.alerts.append(_alert(alert))
        except BadAlert as bad:
            batch.rejected.append(Rejected(index, bad.reason, clean(bad.detail, 200), alert))
    return batch


def _alert(alert: Any) -> NormalAlert:
    if not isinstance(alert, dict):
        raise BadAlert("not_an_object")
    status = alert.get("status")
    if status not in (FIRING, RESOLVED):
        raise BadAlert("bad_status", status if isinstance(status, str) else "")
    labels, labels_cut = texts(alert.get("labels"), LONGEST_LABEL, "bad_labels")
    annotations, annotations_cut = texts(alert.get("annotations"), LONGEST_ANNOTATION, "bad_annotations")
    name = clean(labels.get("alertname", ""), LONGEST_NAME)
    if not name and not labels:
        raise BadAlert("no_name")
    starts_at, is_start_odd = moment(alert.get("startsAt"), "startsAt")
    ends_at, is_end_odd = moment(alert.get("endsAt"), "endsAt") if status == RESOLVED else (None, False)
    if status == RESOLVED and ends_at is None and not is_end_odd:
        raise BadAlert("no_end")
    odd = {"start_unusable": is_start_odd, "labels_cut": labels_cut or annotations_cut}
    notes = [note for note, is_so in odd.items() if is_so]
    if starts_at and ends_at and ends_at < starts_at:
        ends_at = starts_at
        notes.append("end_before_start")
    title = clean(annotations.get("summary") or annotations.get("title") or _made_title(name, labels), 200)
    return NormalAlert(
        fingerprint=_fingerprint(alert.get("fingerprint"), labels),
        status=status,
        starts_at=starts_at,
        ends_at=ends_at or starts_at if status == RESOLVED else None,
        name=name or title,
        title=title,
        summary=annotations.get("description") or annotations.get("message") or "",
        url=link(alert.get("generatorURL")),
        labels=labels,
        annotations=annotations,
        notes=tuple(notes),
    )


def _fingerprint(value: Any, labels: dict[str, str]) -> str:
    """The sender's, else one made from the labels as Alertmanager does: same labels, same alert."""
    if value is None or value == "":
        return hashlib.sha256(canonical(labels).encode()).hexdigest()[:32]
    text = clean(value, 65) if isinstance(value, str) else ""
    if not 1 <= len(text) <= 64:
        raise BadAlert("bad_fingerprint")
    return text


def _made_title(name: str, labels: dict[str, str]) -> str:
    where = labels.get("instance") or labels.get("job") or ""
    return " · ".join(part for part in (name, where) if part) or ", ".join(f"{key}={value}" for key, value in labels.items())


def _count(value: Any) -> int:
    return min(value, 2_000_000_000) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def sample(title: str, severity: str, status: str) -> dict[str, Any]:
    """A notification of one alert, as Alertmanager writes it."""
    now = clock.now().isoformat()
    alert = {
        "status": status,
        "labels": {"alertname": "PortalTest", "severity": severity},
        "annotations": {"summary": title},
        "startsAt": now,
        "endsAt": now if status == RESOLVED else "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": TEST,
    }
    return {"version": "4", "status": status, "receiver": "portal", "alerts": [alert]}


KIND = Kind(
    name="alertmanager",
    label=_("Alertmanager"),
    path="/ingest/alertmanager/{key}/",
    largest=16 * MIB,
    parse=parse,
    sample=sample,
    snippets=(Snippet("alertmanager.yml", "detection/snippets/alertmanager.yml"),),
    wrap=lambda alert: {"version": "4", "alerts": [alert]},
)
