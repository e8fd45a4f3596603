"""What a draft would look like: as the page, as mail, on a phone. Only behind the login, only for who may publish."""

import mimetypes
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.abilities import Ability
from incidents import page as incident_page
from incidents import rights
from incidents.models import Incident
from lib.errors import NotFound
from statuspage import drafts, preview
from statuspage.forms import LANGUAGE_NAMES
from statuspage.models import Draft, Post
from statuspage.outcome import outcome


def _found(request: HttpRequest, reference: str) -> tuple[Incident, Draft | None]:
    incident = incident_page.find(request.user, reference)
    rights.require(request.user, Ability.PUBLISH, incident)
    return incident, Draft.objects.filter(incident=incident).first()


@require_GET
def draft_preview(request: HttpRequest, reference: str) -> HttpResponse:
    """`/incidents/<reference>/public/preview/`: the kept draft in its three shapes; without one back to the form."""
    incident, draft = _found(request, reference)
    if draft is None:
        return redirect("statuspage:incident", incident.reference)
    context: dict[str, Any] = {
        "incident": incident,
        "draft": draft,
        "languages": [{"code": code, "name": name} for code, name in LANGUAGE_NAMES.items()],
        **outcome(drafts.told(draft), Post.objects.filter(incident=incident).first()),
    }
    return render(request, "statuspage/preview.html", context)


@require_GET
def preview_file(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """A file of the public page as it would be, under links that lead to each other as the real ones do."""
    incident, draft = _found(request, reference)
    path = f"{name}index.html" if name.endswith("/") else name
    content = preview.file(incident, draft, path)
    if content is None:
        raise NotFound(_("The public page would have nothing there.") if draft else _("There is no draft."))
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    text = "; charset=utf-8" if kind.startswith("text/") else ""
    return HttpResponse(content, content_type=kind + text, headers={"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"})
