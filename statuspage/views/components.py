"""The components of the public page: their states by hand, their names and places; and how the page looks."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.abilities import Ability
from lib.errors import Refused
from statuspage import components, looks_forms, page_settings, states
from statuspage.models import Component, ComponentState


def in_use() -> Any:
    """The components whose services are in use, in the order of the page."""
    return Component.objects.filter(service__archived=False).select_related("service", "group", "set_by").order_by("group__position", "position", "id")


@require_GET
def component_list(request: HttpRequest) -> HttpResponse:
    """`/public/components/`: what the public reads of each, what was set by hand, and the way to change either."""
    said = states.spoken()
    rows = [{"component": row, "is_told": row.slug in said} for row in in_use()]
    user: Any = request.user
    context = {
        "rows": rows,
        "states": ComponentState.choices,
        "may_publish": user.can(Ability.PUBLISH),
        "may_configure": user.can(Ability.CONFIGURE),
    }
    return render(request, "statuspage/components.html", context)


@require_POST
def component_state(request: HttpRequest, slug: str) -> HttpResponse:
    """Set a state by hand."""
    component = get_object_or_404(in_use(), service__slug=slug)
    try:
        row = states.set_by_hand(component, request.POST.get("state", ""), actor=request.user, request=request)
        told = {"component": row, "state": row.get_state_display()}
        messages.success(request, _("The public reads of %(component)s: %(state)s.") % told)
    except Refused as refused:
        messages.error(request, str(refused))
    return redirect("statuspage:components")


@require_http_methods(["GET", "POST"])
def component_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """`/settings/components/<slug>/`: public name, description, place, shown or not."""
    component = get_object_or_404(in_use(), service__slug=slug)
    form = looks_forms.ComponentForm(request.POST or None, component=component)
    if request.method == "POST" and form.is_valid():
        try:
            components.edit(component, form.said(), actor=request.user)
            messages.success(request, _("Saved. The public page follows within seconds."))
            return redirect("statuspage:components")
        except Refused as refused:
            form.add_error(None, " ".join([str(refused), *map(str, refused.extra.get("problems", []))]))
    return render(request, "statuspage/component.html", {"component": component, "form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def page_edit(request: HttpRequest) -> HttpResponse:
    """`/settings/public-page/`: company, support, colour, logo."""
    row = page_settings.current()
    form = looks_forms.PageForm(request.POST or None, request.FILES or None, initial=page_settings.shown(row))
    if request.method == "POST" and form.is_valid():
        try:
            page_settings.save(form.cleaned_data, actor=request.user, request=request)
            messages.success(request, _("Saved. The public page follows within seconds."))
            return redirect("statuspage:page")
        except Refused as refused:
            form.add_error(None, " ".join([str(refused), *map(str, refused.extra.get("problems", []))]))
    return render(request, "statuspage/page.html", {"form": form, "has_logo": bool(row.logo)}, status=422 if form.errors else 200)
