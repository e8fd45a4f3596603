"""The incident list, the incident page and its fragments."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.abilities import Ability
from incidents import acts, page, panels, pictures, search, story
from incidents.forms import people_who_respond
from incidents.models import Impact, Incident, Picture, Role, RoleAssignment, Service, Severity, State, Team
from lib.errors import NotFound, Refused
from lib.keyset import page as keyset_page

FILTERS = ("status", "severity", "service", "team", "q", "since", "until")


def with_row_parts(found: QuerySet[Incident]) -> QuerySet[Incident]:
    """What a row of a list shows besides the incident itself, in a constant number of queries."""
    return found.prefetch_related(
        Prefetch("impacts", Impact.objects.select_related("service")),
        Prefetch("assignments", RoleAssignment.objects.filter(until=None, role=Role.COMMANDER).select_related("person"), to_attr="commanders"),
        "clocks",
    )


@require_GET
def incident_list(request: HttpRequest) -> HttpResponse:
    """`/incidents/`: newest first, by tab and filters, keyset pages."""
    wanted = {name: request.GET.get(name, "") for name in FILTERS if request.GET.get(name)}
    tab = wanted["status"] if wanted.get("status") in ("open", "drill") else ("" if "status" in request.GET or wanted else "open")
    refusal = ""
    try:
        found = search.incidents(request.user, {**wanted, "status": wanted.get("status", "") or (tab if "status" not in request.GET else "")})
    except Refused as refused:
        refusal, found = str(refused), Incident.objects.none()
    rows = keyset_page(with_row_parts(found), order=("-declared_at", "-id"), cursor=request.GET.get("cursor"), limit=50)
    context = {
        "page": rows,
        "tab": tab,
        "tabs": [{"code": "open", "label": _("Open")}, {"code": "", "label": _("All")}, {"code": "drill", "label": _("Drills")}],
        "wanted": wanted,
        "narrowed": bool(set(wanted) - {"status"}),
        "refusal": refusal,
        "states": State.choices,
        "severities": Severity.values,
        "services": Service.objects.current(),
        "teams": Team.objects.filter(archived=False),
        "may_declare": request.user.can(Ability.RESPOND),  # type: ignore[union-attr]
    }
    return render(request, "incidents/list.html", context)


def framed_panel(request: HttpRequest, shown: page.Page, panel: panels.Panel) -> dict[str, Any]:
    """A panel's inside with its frame; `body` is "" when it has nothing to say."""
    context = panel.context(shown)
    body = "" if context is None else render_to_string(panel.template, {"incident": shown.incident, "panel": panel, **context}, request)
    inside = mark_safe(body.strip())  # noqa: S308 - a template rendered it
    return {"name": panel.name, "title": panel.title, "body": inside, "count": (context or {}).get("count")}


@require_GET
def detail(request: HttpRequest, reference: str) -> HttpResponse:
    """`/incidents/<reference>/`: the head, the story, the panels."""
    incident = page.find(request.user, reference)
    shown, show = page.Page(incident, request.user), request.GET.get("show", "")
    context = page.head(shown) | {
        "story": story.window(incident, show=show, before=number(request, "before"), around=number(request, "around")),
        "show": show,
        "filters": story_filters(),
        "panels": [framed_panel(request, shown, panel) for panel in panels.ordered()],
        "merged": shown.merged,
        "merged_into": next((other for other in shown.kin if other.pk == incident.merged_into_id), None),
        "may_respond": shown.may(Ability.RESPOND),
        "may_redact": shown.may(acts.ACTS["redact"].ability),
        "streams": f"{incident.reference}:{incident.last_seq}",
    }
    return render(request, "incidents/detail.html", context)


def story_filters() -> list[dict[str, str]]:
    """The filters over the story."""
    labels = {"": _("All"), "decisions": _("Decisions"), "messages": _("Messages"), "alerts": _("Alerts"), "notes": _("Notes")}
    return [{"code": code, "label": labels[code]} for code in story.FILTERS]


def number(request: HttpRequest, name: str) -> int | None:
    """A positive whole number of the query, or None."""
    value = request.GET.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and 0 < len(value) < 10 else None


@require_GET
def story_part(request: HttpRequest, reference: str) -> HttpResponse:
    """A further window of the story: `?before=`, `?after=` (everything newer, for catching up), `?around=`, `?show=`."""
    incident = page.find(request.user, reference)
    after = number(request, "after")
    if after is not None or request.GET.get("after") == "0":
        told = story.since(incident, after or 0)
    else:
        limit = min(number(request, "limit") or story.WINDOW, 200)
        told = story.window(incident, show=request.GET.get("show", ""), before=number(request, "before"), around=number(request, "around"), limit=limit)
    context = {
        "incident": incident,
        "story": told,
        "show": request.GET.get("show", ""),
        "plain": "plain" in request.GET,
        "prefix": incident.reference if "plain" in request.GET else "",
    }
    return render(request, "incidents/_story.html", context)


@require_GET
def head(request: HttpRequest, reference: str) -> HttpResponse:
    """The head of the page by itself."""
    incident = page.find(request.user, reference)
    return render(request, "incidents/_head.html", page.head(page.Page(incident, request.user)))


@require_GET
def panel(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """One panel by itself."""
    incident = page.find(request.user, reference)
    if name not in panels.PANELS:
        raise NotFound(_("There is no such panel."))
    framed = framed_panel(request, page.Page(incident, request.user), panels.PANELS[name])
    return render(request, "incidents/_panel.html", {"incident": incident, "panel": framed})


@require_GET
def picture(request: HttpRequest, reference: str, digest: str) -> HttpResponse:
    """A picture of the story, for who may see the incident: leads to the address that needs no cookie."""
    incident = page.find(request.user, reference)
    answer = redirect(pictures.open_address(get_object_or_404(Picture.objects.defer("content"), incident=incident, digest=digest)))
    answer.headers["Cache-Control"] = "private, max-age=60"
    return answer


@require_GET
def picture_content(_request: HttpRequest, key: str) -> HttpResponse:
    """The bytes, by an address that carries its own right."""
    return pictures.sent(pictures.opened(key))


@require_GET
def commands(request: HttpRequest, reference: str) -> JsonResponse:
    """What the composer completes after a slash: the acts with their first words, and people."""
    incident = page.find(request.user, reference)
    offered = [act for act in acts.offered(incident, request.user) if act.parse or act.form is None]
    known = {
        "severity": [(code, "") for code in Severity.values],
        "status": [(str(code), str(label)) for code, label in State.choices if code != State.MERGED],
        "assign": [("ic", str(Role.COMMANDER.label)), *((str(code), str(label)) for code, label in Role.choices if code != Role.COMMANDER)],
    }
    people = [("@" + person.username, str(person)) for person in people_who_respond()]
    return JsonResponse(
        {
            "acts": [
                {
                    "name": act.name,
                    "label": str(act.label),
                    "hint": str(act.hint),
                    "words": known.get(act.name, []),
                    "page": reverse("incidents:act", args=[incident.reference, act.name]),
                }
                for act in offered
            ],
            "people": people,
        }
    )
