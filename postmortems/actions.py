"""Action items: three horizons, an owner, a day, what counts as done (`manual.md §9`)."""

import calendar
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.abilities import Ability
from incidents import rights, timeline
from incidents.models import Incident
from lib import clock
from lib.db import retried
from lib.errors import Forbidden, NotFound, Refused
from lib.text import clean
from postmortems.holding import hold
from postmortems.models import ActionItem, Postmortem
from postmortems.sections import touch

H, S = ActionItem.Horizon, ActionItem.State
MOST = 100  # of one post-mortem
FIELDS = ("title", "horizon", "priority", "owner", "team", "due_on", "acceptance", "ticket_url")


class Moved(Refused):
    """Somebody changed the item meanwhile."""

    default = gettext_lazy("Somebody changed this action item meanwhile. Look at it again, then repeat your change.")


def default_due(incident: Incident, horizon: str, today: date) -> date:
    """A week, a month or three months after the resolution; from today where that has passed."""
    for start in (timezone.localdate(incident.resolved_at) if incident.resolved_at else today, today):
        due = start + timedelta(days=7) if horizon == H.IMMEDIATE else _months_after(start, 1 if horizon == H.SHORT else 3)
        if due >= today:
            return due
    return today


def _months_after(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _checked(told: dict[str, Any], incident: Incident) -> dict[str, Any]:
    """The fields cleaned. Raises Refused (422)."""
    values = dict(told)
    if "title" in values:
        values["title"] = clean(values["title"], 300)
        if not values["title"]:
            raise Refused(_("Say what is to be done."), status=422)
    if "acceptance" in values:
        values["acceptance"] = clean(values["acceptance"], 2000, multiline=True)
    if values.get("ticket_url") and not str(values["ticket_url"]).startswith(("https://", "http://")):
        raise Refused(_("A ticket's address begins with https:// or http://."), status=422)
    if values.get("owner") and values.get("team"):
        raise Refused(_("A person or a team owns it, not both."), status=422)
    if values.get("owner") and not rights.may(values["owner"], Ability.SEE, incident):
        raise Refused(_("%(person)s may not see this incident.") % {"person": values["owner"]}, status=422)
    if values.get("owner"):
        values["team"] = None
    elif values.get("team"):
        values["owner"] = None
    return values


def _require(postmortem: Postmortem, actor: Any) -> None:
    rights.require(actor, Ability.RESPOND, postmortem.incident)
    if postmortem.state == Postmortem.State.WAIVED:
        raise Refused(_("The post-mortem was waived; take it up again first."))


@retried
def add(postmortem: Postmortem, *, actor: Any, **told: Any) -> ActionItem:
    """Add an item; its day follows the horizon unless said. Raises Refused (422), Forbidden, NotFound."""
    with transaction.atomic():
        postmortem, incident = hold(postmortem)
        _require(postmortem, actor)
        values = _checked({"title": "", **{name: value for name, value in told.items() if name in FIELDS}}, incident)
        if ActionItem.objects.filter(postmortem=postmortem).count() >= MOST:
            raise Refused(_("%(count)s action items are more than anybody does.") % {"count": MOST}, status=422)
        now = clock.now()
        values["due_on"] = values.get("due_on") or default_due(incident, values.get("horizon", H.IMMEDIATE), timezone.localdate(now))
        item = ActionItem.objects.create(postmortem=postmortem, created_at=now, created_by=actor, **values)
        touch(postmortem)
    return item


@retried
def change(item: ActionItem, *, actor: Any, number: int | None = None, **told: Any) -> ActionItem:
    """Change fields; `number` is the one of the item that was read. A later day takes a recorded miss back. Raises Moved (409), as `add`."""
    with transaction.atomic():
        postmortem, incident = hold(item.postmortem)
        _require(postmortem, actor)
        item = _fresh(item, postmortem, number)
        values = _checked({name: value for name, value in told.items() if name in FIELDS}, incident)
        changed = {name: value for name, value in values.items() if getattr(item, name) != value}
        if changed:
            if changed.get("due_on") and changed["due_on"] >= timezone.localdate(clock.now()):
                changed["late_at"] = None
            _write(item, changed)
            touch(postmortem)
    return item


@retried
def settle(item: ActionItem, to: str, *, actor: Any, reason: str = "", number: int | None = None, source: str = "") -> ActionItem:
    """Done, dropped (with a reason) or open again, by who responds or owns it; the same again changes nothing. Raises Refused, Moved, Forbidden."""
    reason = clean(reason, 1000, multiline=True)
    with transaction.atomic():
        postmortem, incident = hold(item.postmortem)
        item = _fresh(item, postmortem, None)
        if not (item.owner_id == actor.pk and rights.may(actor, Ability.SEE, incident)):
            _require(postmortem, actor)
        if item.state == to:
            return item
        _fresh(item, postmortem, number)
        if to == S.DROPPED and not reason:
            raise Refused(_("Say why it is dropped."), status=422, missing="reason")
        is_open = to == S.OPEN
        settled = {"settled_at": None if is_open else clock.now(), "settled_by": None if is_open else actor}
        _write(item, {"state": to, **settled, "dropped_because": reason if to == S.DROPPED else ""})
        touch(postmortem)
        data = {"item": item.pk, "state": to, "title": item.title}
        timeline.record(incident, "postmortems.action_done", actor=actor, source=source, data=data, text=reason)
    return item


def _fresh(item: ActionItem, postmortem: Postmortem, number: int | None) -> ActionItem:
    found = ActionItem.objects.select_related("owner", "team").get(pk=item.pk)
    found.postmortem = postmortem
    if number is not None and found.number != number:
        raise Moved
    return found


def _write(item: ActionItem, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(item, name, value)
    item.number += 1
    item.save(update_fields=[*values, "number"])


def find(user: Any, pk: int) -> ActionItem:
    """The item, if `user` may see its incident. Raises NotFound."""
    rows = ActionItem.objects.visible_to(user).select_related("postmortem__incident", "owner", "team")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise NotFound(_("There is no such action item."))
    return found


def may_settle(item: ActionItem, user: Any) -> bool:
    """Whether `user` may say that it is done."""
    try:
        if item.owner_id != user.pk:
            _require(item.postmortem, user)
    except (Forbidden, Refused):
        return False
    return True
