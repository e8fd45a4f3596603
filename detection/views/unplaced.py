"""What was set aside and may be taken in again, and what belongs to no service yet."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.abilities import Ability
from detection import restating, taking, unrouted
from detection.forms import MapForm
from detection.models import Alert, SetAside, Source
from detection.reasons import sentence
from incidents.models import Severity
from lib.errors import Refused
from lib.keyset import page
from lib.text import clean


@require_GET
def set_aside(request: HttpRequest) -> HttpResponse:
    """`/alerts/set-aside/`: what could not be taken, with the reason; kept 7 days."""
    user: Any = request.user
    may_configure = user.can(Ability.CONFIGURE)
    slug, reason = (clean(request.GET.get(name), 60) for name in ("source", "reason"))
    rows = page(_wanted(slug, reason), order=("-received_at", "-id"), cursor=request.GET.get("cursor"), limit=30)
    seen = set(Alert.objects.visible_to(request.user).filter(pk__in=[row.alert_id for row in rows.rows if row.alert_id]).values_list("pk", flat=True))
    counted = SetAside.objects.filter(taken_at=None).order_by().values("reason").annotate(count=Count("pk")).order_by("-count", "reason")
    context = {
        "page": rows,
        "shown": [
            {
                "row": row,
                "reason": sentence(row.reason, row.detail),
                "obstacle": "" if row.taken_at else taking.obstacle(row),
                "word": row.detail if may_configure and row.reason == "bad_severity" and not row.taken_at else "",
                "alert": row.alert_id if row.alert_id in seen else None,
            }
            for row in rows.rows
        ],
        "sources": Source.objects.all(),
        "reasons": [(one["reason"], sentence(one["reason"]), one["count"]) for one in counted],
        "severities": Severity.values,
        "slug": slug,
        "reason": reason,
        "waiting": _wanted(slug, reason).filter(taken_at=None).exists(),
    }
    return render(request, "detection/set_aside.html", context)


@require_POST
def set_aside_take(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one in again, and say what came of it."""
    row = get_object_or_404(SetAside.objects.select_related("source"), pk=pk)
    try:
        done = taking.take(row, actor=request.user, request=request)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("detection:set-aside")
    if not done.is_taken:
        messages.warning(request, _("It still cannot be taken: it %(why)s.") % {"why": done.why})
        return redirect("detection:set-aside")
    messages.success(request, _("It is taken in; here is where it went."))
    if done.alert and Alert.objects.visible_to(request.user).filter(pk=done.alert.pk).exists():
        return redirect(done.alert.get_absolute_url())
    return redirect("detection:set-aside")


@require_POST
def set_aside_take_all(request: HttpRequest) -> HttpResponse:
    """Take in again all of a source, of a reason, or all that is there; at most 200 at a time."""
    slug, reason = (clean(request.POST.get(name), 60) for name in ("source", "reason"))
    done = taking.take_all(_wanted(slug, reason).filter(taken_at=None).order_by("received_at", "pk")[: taking.MOST], actor=request.user, request=request)
    if done.taken:
        messages.success(request, ngettext("%(count)s is taken in", "%(count)s are taken in", done.taken) % {"count": done.taken})
    if done.refused:
        said = ngettext("%(count)s still cannot be taken", "%(count)s still cannot be taken", done.refused) % {"count": done.refused}
        messages.warning(request, said)
    query = "&".join(f"{name}={value}" for name, value in (("source", slug), ("reason", reason)) if value)
    return redirect(reverse("detection:set-aside") + (f"?{query}" if query.isascii() and query else ""))


@require_GET
def unrouted_list(request: HttpRequest) -> HttpResponse:
    """`/alerts/unrouted/`: what belongs to no service, by the label that one press maps."""
    user: Any = request.user
    may_configure = user.can(Ability.CONFIGURE)
    context = {
        "groups": unrouted.gather(user),
        "services": list(MapForm().fields["service"].choices) if may_configure else [],  # type: ignore[attr-defined]
        "under_way": restating.under_way() if may_configure else [],
    }
    return render(request, "detection/unrouted.html", context)


def _wanted(slug: str, reason: str) -> Any:
    found = SetAside.objects.select_related("source")
    found = found.filter(source__slug=slug) if slug else found
    return found.filter(reason=reason) if reason else found
