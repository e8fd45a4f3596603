"""What comms shows beside the story: updates due, messages."""

from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from comms import announcements, obligations, phrases
from comms.models import Announcement, Audience, Delivery, Obligation
from incidents.page import Page
from incidents.panels import Panel, register
from lib import clock

STATES = {"comms.update", "comms.update_missed", *obligations.KEPT_BY} | {
    f"incidents.{kind}" for kind in ("state", "severity", "recovered", "fires_again", "merged_from")
}
SHOWN = 5
TONES = {"draft": "outline", "waiting": "warn", "sending": "warn", "sent": "good", "withdrawn": "bad"}


def updates(page: Page) -> dict[str, Any] | None:
    """What is owed now, and how the last ones went; nothing for an incident that owes none."""
    rows = list(Obligation.objects.filter(incident=page.incident).order_by("-opened_at", "-id")[:50])
    open_ones = [row for row in rows if row.closed_at is None]
    past = [row for row in rows if row.closing in (Obligation.Closing.KEPT, Obligation.Closing.MISSED)]
    if not open_ones and not past:
        return None
    now = clock.now()
    return {
        "rows": [{"obligation": row, "is_late": row.due_at <= now, "every": obligations.cadence(page.incident, row.audience)} for row in open_ones],
        "past": past[:SHOWN],
        "kept": sum(row.closing == Obligation.Closing.KEPT for row in past),
        "missed": sum(row.closing == Obligation.Closing.MISSED for row in past),
        "may_update": page.may(Ability.RESPOND),
        "owes_war_room": any(row.audience == Audience.WAR_ROOM for row in open_ones),
    }


def messages(page: Page) -> dict[str, Any] | None:
    """How many went out, and what did not."""
    counts = dict(Delivery.objects.filter(incident=page.incident).order_by().values_list("state").annotate(Count("id")))
    if not counts:
        return None
    failed = Delivery.objects.filter(incident=page.incident, state=Delivery.State.DEAD).select_related("person").order_by("-id")[:SHOWN]
    labels = dict(Delivery.State.choices)
    return {
        "counts": [{"state": state, "label": labels[state], "count": counts[state]} for state in Delivery.State.values if state in counts],
        "failed": failed if Delivery.State.DEAD in counts else [],
    }


def users(page: Page) -> dict[str, Any] | None:
    """What was written to the users, and the minute in which it can be taken back; nothing before *confirmed*."""
    rows = list(Announcement.objects.filter(incident=page.incident).exclude(state=Announcement.State.VOID).order_by("-created_at", "-id")[:SHOWN])
    may_write = page.incident.state in announcements.PUBLIC_STATES and not page.incident.is_imported
    if not rows and not (may_write and page.may(Ability.PUBLISH)):
        return None
    labels = dict(phrases.choices("state")) if rows else {}
    for row in rows:
        row.said, row.tone = labels.get(row.words.get("state", ""), ""), TONES[row.state]  # type: ignore[attr-defined]
    return {"rows": rows, "may_publish": page.may(Ability.PUBLISH), "may_write": may_write, "incident": page.incident}


USERS = {f"comms.users_{kind}" for kind in ("prepared", "sending", "stopped", "told", "undone")}
register(
    Panel(
        "users", _("Mail to the users"), "comms/panels/users.html", users, 28, frozenset({*USERS, "incidents.state", "incidents.severity", "incidents.private"})
    )
)
register(Panel("updates", _("Updates due"), "comms/panels/updates.html", updates, 25, frozenset(STATES)))
register(Panel("messages", _("Sent messages"), "comms/panels/messages.html", messages, 65, frozenset({"comms.told", "comms.not_delivered", "comms.update"})))
