"""A post-mortem on paper: the page that a browser prints and that the PDF is drawn from, and the drawing kept under a hash of its source."""

import hashlib
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from lib import clock, leases, pdf
from lib.errors import Refused
from lib.failpoints import hit
from lib.nudge import nudge
from postmortems import document as documents
from postmortems.models import Drawing, Postmortem
from postmortems.shapes import Document

STYLESHEET = "postmortems/paper.css"
SWEEP = "postmortems.render"
MOST_TRIES = 3
STOPS = "its process died each time"
LEASE_SECONDS = 120.0
AGAIN_AFTER = timedelta(minutes=5)  # one that could not be drawn
KEPT = timedelta(days=30)  # since it was last asked for; drawn anew when asked again


def as_html(document: Document, stylesheet: str) -> str:
    """The whole page in the document's language; `stylesheet` is the address of its one stylesheet."""
    with translation.override(document.language):
        return render_to_string("postmortems/paper.html", {"document": document, "chapters": _chapters(document), "stylesheet": stylesheet})


def _chapters(document: Document) -> list[dict[str, Any]]:
    """The sections with the kind of each block, which a template cannot ask for, and whether a chapter has nothing in it or below it."""
    levels = [one.level for one in document.sections] + [1]
    return [
        {
            "section": one,
            "blocks": [{"kind": type(block).__name__.lower(), "block": block} for block in one.blocks],
            "is_empty": not one.blocks and levels[place + 1] <= one.level,
        }
        for place, one in enumerate(document.sections)
    ]


def drawing(postmortem: Postmortem, language: str) -> Drawing:
    """The drawing of the document as it stands: made already, or asked for now (`sweep` makes it); a failed one is tried again after a while.

    Raises Refused (503) with what to install where a library is missing, and with the reason while it cannot be drawn.
    """
    if words := pdf.missing():
        raise Refused(_("PDFs cannot be drawn here: %(words)s. The print view can be printed by any browser.") % {"words": words}, status=503)
    document = documents.of(postmortem, language)
    html, now = as_html(document, f"own:{STYLESHEET}"), clock.now()
    key = hashlib.sha256("\0".join([pdf.engine(), style(), html]).encode()).hexdigest()
    row, is_new = Drawing.objects.get_or_create(key=key, defaults={"postmortem": postmortem, "html": html, "asked_at": now})
    if row.error and row.asked_at < now - AGAIN_AFTER:
        row.error, row.attempts, row.asked_at = "", 0, now
        row.save(update_fields=["error", "attempts", "asked_at"])
    elif not is_new and row.asked_at < now - timedelta(days=1):
        Drawing.objects.filter(pk=row.pk).update(asked_at=now)
    if row.error:
        raise Refused(_("The PDF could not be drawn: %(words)s. The print view can be printed by any browser.") % {"words": row.error}, status=503)
    if row.content is None:
        nudge(SWEEP)
    return row


def sweep() -> int:
    """Draw what is asked for; returns how many were drawn or given up."""
    waiting = Drawing.objects.filter(content=None, error="").order_by("asked_at", "id")
    claimed = leases.claim(waiting, seconds=LEASE_SECONDS, limit=1)
    for row in claimed:
        hit("postmortems.draw")
        if row.attempts > MOST_TRIES:
            leases.settle(row, error=STOPS)
            continue
        try:
            content = pdf.render(row.html, {STYLESHEET: style()})
        except pdf.PdfError as error:
            leases.settle(row, error=str(error)[:500])
        else:
            leases.settle(row, content=content, html="", made_at=clock.now())
    return len(claimed)


@cache
def style() -> str:
    """The stylesheet of paper."""
    path = finders.find(STYLESHEET)
    if not isinstance(path, str):
        raise FileNotFoundError(STYLESHEET)
    return Path(path).read_text(encoding="utf-8")
