"""`/postmortems/` and `/action-items/`."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from incidents.models import Severity, Team
from lib import clock
from lib.errors import Refused
from lib.keyset import page as keyset_page
from postmortems import actions, search
from postmortems.models import ActionItem, Postmortem

TONES = {"draft": "outline", "in_review": "warn", "approved": "accent", "published": "good", "waived": "outline"}
FILTERS = ("state", "severity", "q")
ACTION_FILTERS = ("state", "horizon", "priority", "owner", "team", "incident", "mine", "q")


@require_GET
def postmortem_list(request: Any) -> HttpResponse:
    """Unfinished ones first asked for; state, when the report is due, what is late, open action items."""
    wanted = {name: request.GET[name] for name in FILTERS if request.GET.get(name)}
    tab = request.GET.get("state", "unfinished")
    refusal = ""
    try:
        found = search.postmortems(request.user, {**wanted, "state": tab})
    except Refused as refused:
        refusal, found = str(refused), Postmortem.objects.none()
    page = keyset_page(search.with_row_parts(found), order=search.ORDER, cursor=request.GET.get("cursor"), limit=50)
    now = clock.now()
    for row in page.rows:
        row.is_late = not row.is_finished and row.due_at is not None and row.due_at <= now
        row.tone = TONES[row.state]
    tabs = [("unfinished", _("Unfinished")), ("late", _("Late")), ("published", _("Published")), ("waived", _("Waived")), ("", _("All"))]
    context = {"page": page, "wanted": wanted, "tab": tab, "tabs": tabs, "severities": Severity.values, "refusal": refusal}
    return render(request, "postmortems/list.html", context)


@require_GET
def action_list(request: Any) -> HttpResponse:
    """All action items that this person may see, by day due; open ones unless asked otherwise."""
    wanted = {name: request.GET[name] for name in ACTION_FILTERS if request.GET.get(name)}
    tab = request.GET.get("state", "open")
    refusal = ""
    try:
        found = search.actions(request.user, {**wanted, "state": tab})
    except Refused as refused:
        refusal, found = str(refused), ActionItem.objects.none()
    rows = found.select_related("owner", "team", "postmortem__incident")
    page = keyset_page(rows, order=search.ACTION_ORDER, cursor=request.GET.get("cursor"), limit=50)
    today = timezone.localdate(clock.now())
    for row in page.rows:
        row.is_late = row.state == ActionItem.State.OPEN and row.due_on < today
        row.may_settle = actions.may_settle(row, request.user)
    tabs = [("open", _("To do")), ("late", _("Late")), ("done", _("Done")), ("dropped", _("Dropped")), ("", _("All"))]
    context = {
        "page": page,
        "wanted": wanted,
        "narrowed": {name: value for name, value in wanted.items() if name != "state"},
        "tab": tab,
        "tabs": tabs,
        "horizons": ActionItem.Horizon.choices,
        "priorities": ActionItem.Priority.choices,
        "teams": Team.objects.filter(archived=False),
        "refusal": refusal,
    }
    return render(request, "postmortems/action_items.html", context)
