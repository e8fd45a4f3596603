"""Reads the webhook of Prometheus' Alertmanager, version 4."""

import hashlib
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from detection.normal import (
    EARLIEST,
    FIRING,
    LATEST,
    LONGEST_ANNOTATION,
    LONGEST_LABEL,
    LONGEST_NAME,
    MOST_ALERTS,
    MOST_LABELS,
    RESOLVED,
    BadAlert,
    BadBatch,
    Batch,
    NormalAlert,
    Rejected,
)
from lib.jsonio import canonical
from lib.text import clean

RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,18}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
ZERO_YEAR = 1  # Go writes "no time" as 0001-01-01T00:00:00Z: the normal endsAt of a firing alert


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
    labels, labels_cut = _texts(alert.get("labels"), LONGEST_LABEL, "bad_labels")
    annotations, annotations_cut = _texts(alert.get("annotations"), LONGEST_ANNOTATION, "bad_annotations")
    name = clean(labels.get("alertname", ""), LONGEST_NAME)
    if not name and not labels:
        raise BadAlert("no_name")
    starts_at, start_note = _time(alert.get("startsAt"), "startsAt")
    ends_at, end_note = _time(alert.get("endsAt"), "endsAt") if status == RESOLVED else (None, "")
    if status == RESOLVED and ends_at is None and not end_note:
        raise BadAlert("no_end")
    notes = [note for note in (start_note, "labels_cut" if labels_cut or annotations_cut else "") if note]
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
        url=_url(alert.get("generatorURL")),
        labels=labels,
        annotations=annotations,
        notes=tuple(notes),
    )


def _texts(value: Any, longest: int, reason: str) -> tuple[dict[str, str], bool]:
    """Names with texts, cleaned, and whether something was cut off. Names are data: `__proto__` is a name like any other."""
    if value is None:
        return {}, False
    if not isinstance(value, dict):
        raise BadAlert(reason)
    found: dict[str, str] = {}
    cut = len(value) > MOST_LABELS
    for name, text in sorted(value.items())[:MOST_LABELS]:
        if isinstance(text, bool | int | float):
            text = str(text).lower() if isinstance(text, bool) else str(text)
        if not isinstance(text, str):
            raise BadAlert(reason, name)
        cut = cut or len(text) > longest or len(name) > LONGEST_NAME
        found[_clean(name, LONGEST_NAME)] = _clean(text, longest)
    return found, cut


def _clean(text: str, longest: int) -> str:
    """As `lib.text.clean` over several lines; nearly every label is plain and short, and done at once."""
    return text.strip() if len(text) <= longest and text.isascii() and text.isprintable() else clean(text, longest, multiline=True)


def _time(value: Any, field: str) -> tuple[datetime | None, str]:
    """A time in UTC to the microsecond, or None where there is none; and a note when it is of no use."""
    if value is None or value == "":
        return None, ""
    match = RFC3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadAlert("bad_time", field)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    if year <= ZERO_YEAR:
        return None, ""
    micro = int((match[7] or "0")[:6].ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), micro, tzinfo=_zone(match[8])).astimezone(UTC)
    except ValueError:
        raise BadAlert("bad_time", field) from None
    except OverflowError:  # the last hours of 9999 in a zone behind UTC
        moment = datetime.max.replace(tzinfo=UTC)
    if not EARLIEST <= moment <= LATEST:
        return None, "start_unusable" if field == "startsAt" else "end_unusable"
    return moment, ""


def _zone(text: str) -> timezone:
    if text in "Zz":
        return UTC
    hours, minutes = text[1:].split(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if text[0] == "-" else offset)


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


def _url(value: Any) -> str:
    """A link that a browser may follow, or nothing: `javascript:` and the like are no links."""
    text = clean(value, 2001) if isinstance(value, str) else ""
    return text if len(text) <= 2000 and text.lower().startswith(("http://", "https://")) and not any(mark in text for mark in " <>\"'`\\") else ""


def _count(value: Any) -> int:
    return min(value, 2_000_000_000) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
