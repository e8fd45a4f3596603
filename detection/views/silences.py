"""The silences: what is kept quiet, making one from an alert with a count of what it would hide, holding a source."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.abilities import Ability
from detection import silences
from detection.foresight import foresee
from detection.matchers import checked
from detection.models import Alert, Silence, Source
from detection.silence_forms import ExtendForm, Matchers, SilenceForm, chosen, prefilled
from lib import clock
from lib.errors import Refused
from lib.keyset import page
from lib.times import stamp


@require_GET
def silence_list(request: HttpRequest) -> HttpResponse:
    """`/silences/`: active, coming and past ones; who made them, why, how many alerts they hide now."""
    user: Any = request.user
    state = request.GET.get("state", "")
    state = state if state in Silence.State.values else Silence.State.ACTIVE
    now = clock.now()
    context = {
        "page": page(Silence.objects.in_state(state, now).with_parts(user), order=("-ends_at", "-id"), cursor=request.GET.get("cursor"), limit=50),
        "state": state,
        "states": Silence.State.choices,
        "extend": ExtendForm(),
        "may_respond": user.can(Ability.RESPOND),
        "may_command": user.can(Ability.COMMAND),
    }
    return render(request, "detection/silences.html", context)


@require_http_methods(["GET", "POST"])
def silence_new(request: HttpRequest) -> HttpResponse:
    """`/silences/new/?alert=<id>`: matchers from its labels; a POST with `act=count` only counts what they would hide."""
    alert = _alert(request)
    if request.method == "GET":
        lines, form = Matchers(initial=prefilled(alert), prefix="m"), SilenceForm()
        return _form(
            request, alert, lines, form, [{name: line[name] for name in ("label", "op", "value")} for line in prefilled(alert) if line["use"] and line["label"]]
        )
    lines, form = Matchers(request.POST, prefix="m"), SilenceForm(request.POST)
    is_count = request.POST.get("act") == "count"
    if not lines.is_valid() or (not form.is_valid() and not is_count):
        return _form(request, alert, lines, form, None)
    if is_count:
        return _form(request, alert, lines, form, chosen(lines))
    said = form.cleaned_data
    try:
        silence = silences.create(chosen(lines), source=said["source"], ends=form.ends(), comment=said["comment"], actor=request.user, request=request)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _form(request, alert, lines, form, None)
    messages.success(request, _("Silenced until %(until)s. What still fires then is placed.") % {"until": stamp(silence.ends_at)})
    return redirect("detection:silences")


@require_POST
def silence_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End one now: what still fires is placed at once."""
    silence = get_object_or_404(Silence.objects.with_parts(request.user), pk=pk)
    hides = silence.hides  # type: ignore[attr-defined]  # annotated
    silences.end(silence, actor=request.user, request=request)
    placed = ngettext("%(count)s alert that still fires is placed now.", "%(count)s alerts that still fire are placed now.", hides) % {"count": hides}
    messages.success(request, f"{_('The silence is over.')} {placed if hides else ''}".strip())
    return _back(request)


@require_POST
def silence_extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Let one last so many minutes from now."""
    silence, form = get_object_or_404(Silence, pk=pk), ExtendForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(_("Choose how long."), status=422)
        silence = silences.extend(silence, form.ends(), actor=request.user, request=request)
        messages.success(request, _("It lasts until %(until)s.") % {"until": stamp(silence.ends_at)})
    except Refused as refused:
        messages.error(request, str(refused))
    return _back(request)


@require_POST
def source_hold(request: HttpRequest, slug: str) -> HttpResponse:
    """Hold all that a source sends for 15 minutes."""
    source = get_object_or_404(Source, slug=slug)
    try:
        silence = silences.hold(source, actor=request.user, request=request)
        said = _("%(source)s is held until %(until)s. Its alerts are kept; those that still fire then are placed.")
        messages.success(request, said % {"source": source, "until": stamp(silence.ends_at)})
    except Refused as refused:
        messages.error(request, str(refused))
    return _back(request)


def _alert(request: HttpRequest) -> Alert | None:
    """The alert that the silence begins with, if this person may see it."""
    key = request.GET.get("alert", "")
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        return None
    return get_object_or_404(Alert.objects.visible_to(request.user).select_related("incident", "source"), pk=int(key))


def _form(request: HttpRequest, alert: Alert | None, lines: Any, form: SilenceForm, said: list[dict[str, str]] | None) -> HttpResponse:
    """The page, or for a script only the count. `said` None: there is nothing that could be counted."""
    context: dict[str, Any] = {"alert": alert, "lines": lines, "form": form, "foresight": None, "refusal": "", "is_hold": False}
    if said is not None:
        source = form.cleaned_data.get("source") if form.is_bound else None
        try:
            context["foresight"] = foresee(request.user, checked(said, has_source=source is not None), source)
            context["is_hold"] = not said
        except Refused as refused:
            context["refusal"] = str(refused)
    is_fragment = bool(getattr(request, "htmx", False)) and request.POST.get("act") == "count"
    template = "detection/silence.html#count" if is_fragment else "detection/silence.html"
    return render(request, template, context, status=422 if request.method == "POST" and said is None else 200)


def _back(request: HttpRequest) -> HttpResponse:
    """To the page that the press came from, if it is one of ours."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(wanted if ours else "detection:silences")
