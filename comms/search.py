"""Finding deliveries and what is owed: one set of filters for page and API."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from comms import channels
from comms.models import Delivery, Obligation
from lib.errors import Refused

ORDER = ("-created_at", "-id")
LIST_ONLY = ("body", "params", "secret")  # what a list never shows


def deliveries(user: Any, wanted: Mapping[str, str]) -> QuerySet[Delivery]:
    """Deliveries that `user` may see, by state, channel, incident (reference) and person (user name). Raises Refused (400)."""
    found = Delivery.objects.visible_to(user).select_related("person", "incident", "contact_method")
    if number := wanted.get("announcement", "").strip():
        found = found.filter(announcement=int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0)
    if state := wanted.get("state"):
        if state not in Delivery.State.values:
            raise Refused(_("There is no such state."), status=400)
        found = found.filter(state=state)
    if channel := wanted.get("channel"):
        if channel not in channels.CHANNELS:
            raise Refused(_("There is no such channel."), status=400)
        found = found.filter(channel=channel)
    if reference := wanted.get("incident", "").strip():
        found = found.filter(incident__reference__iexact=reference)
    if person := wanted.get("person", "").strip().removeprefix("@"):
        found = found.filter(person__username=person)
    return found.order_by(*ORDER)


def obligations(user: Any, wanted: Mapping[str, str]) -> QuerySet[Obligation]:
    """What is owed in incidents that `user` may see; `state` open (default), kept, missed or all. Raises Refused (400)."""
    found = Obligation.objects.visible_to(user).select_related("incident", "kept_by")
    state = wanted.get("state") or "open"
    if state == "open":
        return found.filter(closed_at=None)
    if state in (Obligation.Closing.KEPT, Obligation.Closing.MISSED):
        return found.filter(closing=state)
    if state != "all":
        raise Refused(_("There is no such state."), status=400)
    return found
