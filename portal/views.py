"""The portal's own pages: board, search, palette, and single keys."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from portal.board import board as board_of
from portal.navigation import settings_groups
from portal.palette import entries
from portal.search import search as search_for


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


@require_GET
def settings_index(request: HttpRequest) -> HttpResponse:
    """`/settings/`: the first of its pages that this person may open."""
    links = [link for group in settings_groups(request.user) for link in group.links]
    return redirect(next((link.path for link in links if link.path.startswith("/settings/")), "/me/"))


def back(request: HttpRequest) -> HttpResponse:
    """To where the form was, if that is an address of ours."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        target = "/"
    return redirect(target)


@require_POST
def single_keys(request: HttpRequest) -> HttpResponse:
    """Single-letter keys on or off."""
    User.objects.filter(pk=request.user.pk).update(single_keys=request.POST.get("single_keys") == "on")
    return back(request)
