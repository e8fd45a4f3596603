"""What the portal itself saw: alerts, changes before it began, steps and updates kept and missed."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comms.models import Delivery, Obligation
from detection.models import Alert, Change
from incidents.models import Incident, Step
from lib.i18n import listed
from postmortems.facts import Fact, stamp

BEFORE = timedelta(hours=24)  # changes older than that are no longer “just before”
SHOWN = 10
STAGES = "postmortem"


def everything(incident: Incident) -> list[Fact]:
    """All of it; what there is nothing of is left out. At most seven queries."""
    return [*_alerts(incident), *_changes(incident), *_steps(incident), *_updates(incident), *_messages(incident)]


def _alerts(incident: Incident) -> list[Fact]:
    found = Alert.objects.filter(incident=incident).aggregate(count=Count("pk"), first=Min("starts_at"), last=Max("ends_at"))
    if not found["count"]:
        return []
    names = Alert.objects.filter(incident=incident).order_by("starts_at", "pk").values_list("title", flat=True)[:3]
    said = ngettext("%(count)s alert", "%(count)s alerts", found["count"]) % {"count": found["count"]}
    times = _("the first at %(first)s") % {"first": stamp(found["first"])}
    return [Fact(_("Alerts"), f"{said} · {times} · {listed(dict.fromkeys(names))}")]


def _changes(incident: Incident) -> list[Fact]:
    services: list[int] = list(incident.impacts.values_list("service_id", flat=True))
    near: Any = incident.impacts.values_list("service__depends_on", flat=True) if services else []
    about = sorted({pk for pk in [*services, *near] if pk is not None})
    rows = Change.objects.filter(service__in=about, at__gte=incident.began_at - BEFORE, at__lte=incident.began_at).select_related("service").order_by("-at")
    return [Fact(_("Changed before"), f"{stamp(row.at)} · {row.service} · {row.summary}") for row in rows[:SHOWN]]


def _steps(incident: Incident) -> list[Fact]:
    rows = list(Step.objects.filter(incident=incident, due_at__isnull=False).exclude(list=STAGES).order_by("due_at", "position"))
    missed = [row for row in rows if row.late_at is not None]
    kept = [row for row in rows if row.done_at is not None and row.late_at is None]
    if not missed and not kept:
        return []
    found = [Fact(_("Steps in time"), _("%(kept)s of %(all)s") % {"kept": len(kept), "all": len(kept) + len(missed)}, "good" if not missed else "")]
    return found + ([Fact(_("Steps late"), listed(str(row) for row in missed[:SHOWN]), "bad")] if missed else [])


def _updates(incident: Incident) -> list[Fact]:
    C = Obligation.Closing
    rows = Obligation.objects.filter(incident=incident, closing__in=[C.KEPT, C.MISSED]).order_by()
    counted = rows.values("audience").annotate(kept=Count("pk", filter=Q(closing=C.KEPT)), all=Count("pk")).order_by("audience")
    labels = dict(Obligation._meta.get_field("audience").choices or ())
    return [
        Fact(
            _("Updates in time: %(audience)s") % {"audience": labels.get(row["audience"], row["audience"])},
            _("%(kept)s of %(all)s") % row,
            "good" if row["kept"] == row["all"] else "bad",
        )
        for row in counted
    ]


def _messages(incident: Incident) -> list[Fact]:
    S = Delivery.State
    found = Delivery.objects.filter(incident=incident).aggregate(sent=Count("pk", filter=Q(state=S.SENT)), dead=Count("pk", filter=Q(state=S.DEAD)))
    if not found["sent"] and not found["dead"]:
        return []
    said = ngettext("%(count)s sent", "%(count)s sent", found["sent"]) % {"count": found["sent"]}
    if found["dead"]:
        said += " · " + ngettext("%(count)s did not arrive", "%(count)s did not arrive", found["dead"]) % {"count": found["dead"]}
    return [Fact(_("Messages"), said, "bad" if found["dead"] else "")]
