"""Pages of services and teams."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from incidents import services, teams
from incidents.models import Impact, Incident, Membership, Service, ServiceGroup, Team
from incidents.models.incident import OPEN_STATES
from incidents.views import with_row_parts
from lib.errors import Refused

RECENT = 10


def healthy(rows: list[Service], health: dict[int, services.Health]) -> list[dict[str, Any]]:
    """Services with how each is doing."""
    return [{"service": row, "health": health.get(row.pk, services.Health())} for row in rows]


@require_GET
def service_list(request: HttpRequest) -> HttpResponse:
    """`/services/`: by group, with health and objectives."""
    health = services.health(request.user)
    rows = list(Service.objects.current().select_related("group", "owner"))
    named: dict[int | None, Any] = {group.pk: group for group in ServiceGroup.objects.filter(archived=False)} | {None: _("Without a group")}
    groups = [
        {"name": name, "rows": healthy([row for row in rows if (row.group_id if row.group_id in named else None) == pk], health)} for pk, name in named.items()
    ]
    context = {
        "groups": [group for group in groups if group["rows"]],
        "troubled": sum(1 for row in rows if row.pk in health),
        "total": len(rows),
        "may_configure": teams.may_configure(request.user),
    }
    return render(request, "incidents/services/list.html", context)


def links_of(service: Service) -> list[tuple[str, str]]:
    """Where the service's figures, logs and traces are."""
    links = [(_("Dashboard"), service.dashboard_url), (_("Logs"), service.logs_url), (_("Traces"), service.traces_url)]
    return [(label, url) for label, url in links if url]


@require_GET
def service_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """`/services/<slug>/`: objectives, neighbours, incidents, recovery points."""
    service = get_object_or_404(Service.objects.select_related("group", "owner"), slug=slug)
    health = services.health(request.user)
    hit = Incident.objects.visible_to(request.user).filter(impacts__service=service)
    context = {
        "service": service,
        "health": health.get(service.pk, services.Health()),
        "needs": healthy(list(service.depends_on.filter(archived=False)), health),
        "needed_by": healthy(list(service.dependents.filter(archived=False)), health),
        "open": with_row_parts(hit.open()).order_by("severity", "-declared_at"),
        "recent": with_row_parts(hit.exclude(state__in=OPEN_STATES)).order_by("-declared_at", "-id")[:RECENT],
        "points": service.recovery_points.select_related("reported_by").order_by("-at")[:RECENT],
        "links": links_of(service),
        "may_configure": teams.may_configure(request.user),
    }
    return render(request, "incidents/services/detail.html", context)


@require_GET
def team_list(request: HttpRequest) -> HttpResponse:
    """`/teams/`: who does what, who leads."""
    lead = Prefetch("memberships", Membership.objects.filter(is_lead=True).select_related("person"), to_attr="leads")
    rows = Team.objects.filter(archived=False).annotate(
        member_count=Count("memberships", distinct=True), service_count=Count("services", filter=Q(services__archived=False), distinct=True)
    )
    context = {"teams": rows.prefetch_related(lead), "may_configure": teams.may_configure(request.user)}
    return render(request, "incidents/teams/list.html", context)


class MemberForm(forms.Form):
    """Who joins, and whether they lead."""

    person = forms.ModelChoiceField(
        label=gettext_lazy("Person"), queryset=get_user_model().objects.none(), to_field_name="username", empty_label=gettext_lazy("Choose a person")
    )
    is_lead = forms.BooleanField(label=gettext_lazy("Leads the team"), required=False)

    def __init__(self, team: Team, data: Any = None):
        super().__init__(data)
        self.fields["person"].queryset = get_user_model().objects.filter(is_active=True).exclude(memberships__team=team)  # type: ignore[attr-defined]


@require_GET
def team_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """`/teams/<slug>/`: members, lead, channel, services, open incidents."""
    team = get_object_or_404(Team, slug=slug)
    return render_team(request, team)


def render_team(request: HttpRequest, team: Team, form: MemberForm | None = None, status: int = 200) -> HttpResponse:
    """The team's page."""
    may_configure = teams.may_configure(request.user) and not team.archived
    hit = Incident.objects.visible_to(request.user).open().filter(pk__in=Impact.objects.filter(service__owner=team).values("incident_id"))
    context = {
        "team": team,
        "members": team.memberships.select_related("person").order_by("-is_lead", "person__username"),
        "services": healthy(list(team.services.filter(archived=False)), services.health(request.user)),
        "open": with_row_parts(hit).order_by("severity", "-declared_at"),
        "form": (form or MemberForm(team)) if may_configure else None,
        "may_configure": may_configure,
    }
    return render(request, "incidents/teams/detail.html", context, status=status)


@require_POST
def team_members(request: HttpRequest, slug: str) -> HttpResponse:
    """Add a person, make one the lead, or take one out: `act` is add, lead, unlead or drop."""
    team = get_object_or_404(Team, slug=slug, archived=False)
    act = request.POST.get("act", "add")
    try:
        if act == "add":
            form = MemberForm(team, request.POST)
            if not form.is_valid():
                return render_team(request, team, form, status=422)
            person = form.cleaned_data["person"]
            teams.put_member(team, person, is_lead=form.cleaned_data["is_lead"], actor=request.user, request=request)
            said = _("%(person)s is in the team.")
        else:
            person = get_object_or_404(get_user_model(), memberships__team=team, username=request.POST.get("person", ""))
            if act == "drop":
                teams.drop_member(team, person, actor=request.user, request=request)
                said = _("%(person)s is no longer in the team.")
            else:
                teams.put_member(team, person, is_lead=act == "lead", actor=request.user, request=request)
                said = _("%(person)s leads the team and is called first.") if act == "lead" else _("%(person)s no longer leads the team.")
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said % {"person": person})
    return redirect("incidents:team", slug=slug)
