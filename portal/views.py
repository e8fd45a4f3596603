"""The portal's own pages: board, search, palette, and the device's choices."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from portal.board import board as board_of
from portal.context import LANGUAGES, THEMES
from portal.palette import entries
from portal.search import search as search_for

YEAR = 365 * 24 * 3600


@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """`/`: what needs me now, what is open."""
    found = board_of(request.user)
    template = "portal/board.html#live" if request.htmx else "portal/board.html"  # type: ignore[attr-defined]
    return render(request, template, {"board": found, "last_lines": found.last_lines, "updates": found.updates})


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """`/search/?q=`: incidents, services, people."""
    return render(request, "portal/search.html", {"found": search_for(request.user, request.GET.get("q", ""))})


@require_GET
def palette(request: HttpRequest) -> JsonResponse:
    """What the command palette offers here."""
    return JsonResponse({"entries": entries(request.user, request.GET.get("incident", "")[:24])})


@require_GET
def strips(request: HttpRequest) -> HttpResponse:
    """The strips under the top bar by themselves."""
    return render(request, "portal/_strips.html")


def back(request: HttpRequest) -> HttpResponse:
    """To where the form was, if that is an address of ours."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        target = "/"
    return redirect(target)


def remember(response: HttpResponse, name: str, value: str) -> HttpResponse:
    """Keep a choice of this device for a year."""
    response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=settings.SECURE, httponly=True)
    return response


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system says."""
    chosen = request.POST.get("theme", "")
    chosen = chosen if chosen in THEMES else ""
    if request.user.is_authenticated and request.user.theme != chosen:
        request.user.theme = chosen
        request.user.save(update_fields=["theme"])
    return remember(back(request), "theme", chosen)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """English or Chinese, for this device and this person."""
    chosen = request.POST.get("language", "")
    if chosen not in dict(LANGUAGES):
        return back(request)
    translation.activate(chosen)
    if request.user.is_authenticated and request.user.language != chosen:
        request.user.language = chosen
        request.user.save(update_fields=["language"])
    return remember(back(request), settings.LANGUAGE_COOKIE_NAME, chosen)


@require_POST
def single_keys(request: HttpRequest) -> HttpResponse:
    """Single-letter keys on or off."""
    request.user.single_keys = request.POST.get("single_keys") == "on"  # type: ignore[union-attr]
    request.user.save(update_fields=["single_keys"])
    return back(request)
