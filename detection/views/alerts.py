"""The list of alerts, one alert, candidates, and what was set aside."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.abilities import Ability
from detection import acknowledging, board, candidates, changes, episodes, mapping, restating, search, why
from detection.episodes import Episode
from detection.forms import AcceptForm, MapForm
from detection.models import Alert, Candidate, Source
from incidents.models import Service, Severity
from lib import clock
from lib.errors import Refused
from lib.i18n import listed
from lib.keyset import page

FILTERS = ("status", "severity", "service", "source", "q")
HISTORY = 20
CHANGES = 6


@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    """`/alerts/`: firing ones first, by filters, keyset pages; candidates above them."""
    wanted = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    refusal = ""
    try:
        found = search.alerts(request.user, wanted)
    except Refused as refused:
        refusal, found = str(refused), Alert.objects.none()
    context = {
        "page": page(found, order=search.ORDER, cursor=request.GET.get("cursor"), limit=50),
        "wanted": wanted,
        "refusal": refusal,
        "candidates": list(board.candidates(request.user)[:20]) if not wanted and "cursor" not in request.GET else [],
        "statuses": Alert.Status.choices,
        "severities": Severity.values,
        "services": Service.objects.current(),
        "sources": Source.objects.all(),
        "unassigned": search.UNASSIGNED,
        "firing": search.firing(request.user),
        "levers": board.levers(request.user),
        "may_respond": _can(request, Ability.RESPOND),
        "may_configure": _can(request, Ability.CONFIGURE),
    }
    return render(request, "detection/alerts.html", context)


@require_POST
def alerts_act(request: HttpRequest) -> HttpResponse:
    """Bulk: take on the incidents of the chosen alerts, or dismiss the candidates they wait in."""
    keys = [int(key) for key in request.POST.getlist("alert") if key.isascii() and key.isdigit() and len(key) < 19]
    alerts = acknowledging.chosen(request.user, keys)
    if request.POST.get("act") == "dismiss":
        done = acknowledging.dismiss(alerts, actor=request.user, request=request)
        said = ngettext("%(count)s candidate dismissed", "%(count)s candidates dismissed", done.count) % {"count": done.count}
        nothing = _("None of the chosen alerts waits as a candidate.")
    else:
        done = acknowledging.acknowledge(alerts, actor=request.user, source="web")
        said = ngettext("You are on %(count)s incident", "You are on %(count)s incidents", done.count) % {"count": done.count}
        nothing = _("None of the chosen alerts belongs to an open incident.")
    if done.count:
        messages.success(request, said)
    elif not done.refusals:
        messages.warning(request, nothing if alerts else _("Choose alerts first."))
    for refusal in dict.fromkeys(done.refusals):
        messages.error(request, refusal)
    return _back(request)


@require_GET
def alert_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """`/alerts/<id>/`: what it says, why it did what it did, when it fired before."""
    alert = _find(request, pk)
    before = Alert.objects.visible_to(request.user).filter(source=alert.source, fingerprint=alert.fingerprint).exclude(pk=alert.pk)
    may_configure = _can(request, Ability.CONFIGURE)
    candidate = acknowledging.candidate_of(alert)
    context = {
        "alert": alert,
        "candidate": candidate,
        "reasons": why.explain(alert, reference=alert.incident.reference if alert.incident else ""),
        "unknown": alert.unknown_service,
        "map_form": MapForm(initial={"service": alert.service}) if may_configure else None,
        "choices": mapping.choices(alert) if may_configure else [],
        "under_way": restating.under_way() if may_configure else [],
        "severities": Severity.values,
        "episodes": [_episode(one) for one in reversed(episodes.load(alert.episodes))],
        "withdrawn": why.withdrawn(candidate.why) if candidate else "",
        "history": before.select_related("incident").order_by("-starts_at")[:HISTORY],
        "changes": changes.lately([alert.service_id], alert.starts_at, alert.ends_at or clock.now())[:CHANGES] if alert.service_id else [],
        "may_respond": _can(request, Ability.RESPOND),
    }
    return render(request, "detection/alert.html", context)


@require_POST
def alert_map(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a label of an alert means: a service that exists or a new one of that name, a severity, or both."""
    alert = _find(request, pk)
    form = MapForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(_("Choose a service or a severity."), status=422)
        by: dict[str, Any] = {"label": form.cleaned_data["label"], "only_source": form.cleaned_data["only_source"]}
        if "make" in request.POST:
            made = mapping.make_service(alert, **by, actor=request.user, request=request)
        else:
            made = mapping.map_alert(alert, form.means, **by, actor=request.user, request=request)
        means = listed(str(one) for one in (made.service, made.severity) if one)
        messages.success(request, _("“%(value)s” now means %(means)s.") % {"value": made.value, "means": means})
    except Refused as refused:
        messages.error(request, str(refused))
    return _back(request, alert.get_absolute_url())


@require_POST
def candidate_accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Declare the incident of a candidate."""
    candidate = get_object_or_404(Candidate.objects.visible_to(request.user), pk=pk)
    form = AcceptForm(request.POST)
    severity = form.cleaned_data["severity"] if form.is_valid() else ""
    try:
        incident = candidates.accept(candidate, actor=request.user, severity=severity, source="web")
    except Refused as refused:
        messages.error(request, str(refused))
        return _back(request)
    messages.success(request, _("%(reference)s is declared.") % {"reference": incident.reference})
    return redirect(incident.get_absolute_url())


@require_POST
def candidate_dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a candidate is no incident."""
    candidate = get_object_or_404(Candidate.objects.visible_to(request.user), pk=pk)
    try:
        candidates.dismiss(candidate, actor=request.user, request=request)
        messages.success(request, _("“%(title)s” is dismissed.") % {"title": candidate.title})
    except Refused as refused:
        messages.error(request, str(refused))
    return _back(request)


def _episode(one: Episode) -> dict[str, Any]:
    return {"start": one.start, "end": one.end, "fired": one.fired, "lasted": (one.end - one.start).total_seconds() if one.end else None}


def _can(request: HttpRequest, ability: Ability) -> bool:
    user: Any = request.user
    return bool(user.can(ability))


def _find(request: HttpRequest, pk: int) -> Alert:
    parts = ("source", "service", "incident", "group__candidate__settled_by", "silence__source", "silence__created_by")
    return get_object_or_404(Alert.objects.visible_to(request.user).select_related(*parts), pk=pk)


def _back(request: HttpRequest, otherwise: str = "detection:alerts") -> HttpResponse:
    """To the page that the press came from, if it is one of ours."""
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(wanted if ours else otherwise)
