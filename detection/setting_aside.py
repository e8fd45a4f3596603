"""Keeps what could not be taken, masked and shortened, so that nothing a sender meant is lost unseen."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from detection import bulk
from detection.masking import mask_text, mask_value
from detection.models import SetAside, Source
from detection.normal import Rejected
from lib.jsonio import canonical
from lib.text import clean

LARGEST = 64 * 1024  # bytes of a kept payload
MOST = 1000  # rows of one request; what lies beyond stands in the envelope
AGAIN = (
    "ON CONFLICT (source_id, digest) DO UPDATE SET times = detection_setaside.times + excluded.times, "
    "received_at = excluded.received_at, reason = excluded.reason, detail = excluded.detail, payload = excluded.payload, "
    "taken_at = NULL, alert_id = NULL"
)


def keep(source: Source, rejected: Iterable[Rejected], received: datetime) -> None:
    """Set alerts of a batch aside in one statement, inside the caller's transaction."""
    rows: dict[str, SetAside] = {}
    for one in list(rejected)[:MOST]:
        row = _row(source, one.index, one.reason, one.detail, _shorten(canonical(mask_value(one.payload))), received)
        if row.digest in rows:
            rows[row.digest].times += 1
        else:
            rows[row.digest] = row
    bulk.insert(list(rows.values()), conflict=AGAIN)


def keep_whole(source: Source, raw: bytes, reason: str, detail: str, received: datetime) -> None:
    """Set a whole request aside that was not understood."""
    text = _shorten(mask_text(clean(raw[:LARGEST].decode("utf-8", "replace"), LARGEST, multiline=True)))
    bulk.insert([_row(source, None, reason, detail, text, received)], conflict=AGAIN)


def _row(source: Source, index: int | None, reason: str, detail: str, payload: str, received: datetime) -> SetAside:
    digest = hashlib.sha256(f"{reason}\n{payload}".encode()).hexdigest()
    return SetAside(source=source, received_at=received, index=index, reason=reason, detail=clean(detail, 200), payload=payload, digest=digest)


def _shorten(text: str) -> str:
    """At most 64 KiB of UTF-8."""
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= LARGEST else raw[: LARGEST - 3].decode("utf-8", "ignore") + "…"
