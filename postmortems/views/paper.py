"""A post-mortem on paper: the print view, and the PDF with a page that waits for it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.text import slugify
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from lib.errors import Refused
from postmortems import document, printing
from postmortems.holding import find
from postmortems.models import Drawing


@require_GET
def print_view(request: HttpRequest, reference: str) -> HttpResponse:
    """The page that any browser prints; what the PDF is drawn from."""
    found = find(request.user, reference)
    return HttpResponse(printing.as_html(document.of(found, get_language() or "en"), static(printing.STYLESHEET)))


@require_GET
def pdf_view(request: HttpRequest, reference: str) -> HttpResponse:
    """The file; while it is drawn a page that asks again by itself, without script; where it cannot be drawn, why."""
    found = find(request.user, reference)
    try:
        row = printing.drawing(found, get_language() or "en")
    except Refused as refused:
        return render(request, "postmortems/pdf.html", {"incident": found.incident, "reason": str(refused)}, status=503)
    if row.content is None:
        waiting = render(request, "postmortems/pdf.html", {"incident": found.incident}, status=202)
        waiting.headers["Refresh"] = "2"
        return waiting
    return as_file(row, reference)


def as_file(row: Drawing, reference: str) -> HttpResponse:
    """A drawn PDF."""
    name = slugify(f"{reference}-postmortem")
    return HttpResponse(
        bytes(row.content or b""),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"', "ETag": f'"{row.key}"', "Cache-Control": "private, no-cache"},
    )
