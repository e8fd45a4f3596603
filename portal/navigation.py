"""Where one can go: pages by address; only those that exist and that the person may open are shown."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.abilities import Ability


@dataclass(frozen=True)
class Link:
    """One page of the console; `keys` are its shortcut, `ability` what it asks for."""

    path: str
    label: Any
    icon: str
    ability: Ability | None = Ability.SEE
    keys: str = ""
    here: bool = False
    is_outside: bool = False  # no route of the console: the front door answers there


@dataclass(frozen=True)
class Group:
    """Settings pages under one heading."""

    title: Any
    links: tuple[Link, ...]


NAV = (
    Link("/", _("Board"), "board", keys="g b"),
    Link("/incidents/", _("Incidents"), "incident", keys="g i"),
    Link("/alerts/", _("Alerts"), "alert", keys="g a"),
    Link("/messages/", _("Messages"), "message", keys="g m"),
    Link("/public/", _("Public updates"), "public"),
    Link("/silences/", _("Silences"), "quiet", keys="g q"),
    Link("/checks/", _("Checks"), "pulse"),
    Link("/on-call/", pgettext_lazy("page", "On-call"), "on-call", keys="g o"),
    Link("/rollbacks/", _("Rollbacks"), "rollback"),
    Link("/postmortems/", _("Post-mortems"), "postmortem", keys="g p"),
    Link("/reports/", _("Reports"), "report"),
    Link("/services/", _("Services"), "service", keys="g s"),
    Link("/teams/", _("Teams"), "team", keys="g t"),
)
FOOT = (
    Link("/status/", _("Public page"), "public", None, is_outside=True),
    Link("/settings/", _("Settings"), "settings", None),
)
SETTINGS = (
    Group(
        _("Me"),
        (
            Link("/me/", _("My settings"), "person", None),
            Link("/me/contact-methods/", _("How to reach me"), "message", None),
            Link("/me/sessions/", _("Sessions"), "key", None),
        ),
    ),
    Group(
        _("Portal"),
        (
            Link("/settings/playbook/", _("Playbook"), "playbook"),
            Link("/settings/sources/", _("Alert sources"), "alert", Ability.CONFIGURE),
            Link("/settings/channels/", _("Channels"), "message", Ability.CONFIGURE),
            Link("/settings/calendars/", _("Calendars"), "clock", Ability.CONFIGURE),
            Link("/settings/public-page/", _("Public page"), "public", Ability.CONFIGURE),
        ),
    ),
    Group(
        _("People and access"),
        (
            Link("/settings/people/", _("People"), "team", Ability.CONFIGURE),
            Link("/settings/tokens/", _("API tokens"), "key", None),
            Link("/settings/audit/", _("Audit trail"), "audit", Ability.AUDIT),
        ),
    ),
)
PERSONAL = (Link("/me/", _("My settings"), "person", None),)
OTHER = (Link("/search/", _("Search"), "search"), Link("/incidents/declare/", _("Declare an incident"), "plus", Ability.RESPOND, keys="d"))


@lru_cache(maxsize=256)
def exists(path: str) -> bool:
    """Whether some room answers at `path`."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def open_to(links: tuple[Link, ...], user: Any, here: str = "") -> list[Link]:
    """Of `links` those that exist and that `user` may open, with the one marked that leads closest to `here`."""
    found = [link for link in links if (link.is_outside or exists(link.path)) and (link.ability is None or user.can(link.ability))]
    best = max((link.path for link in found if here == link.path or (link.path != "/" and here.startswith(link.path))), key=len, default=None)
    return [replace(link, here=True) if link.path == best else link for link in found]


def settings_groups(user: Any, here: str = "") -> list[Group]:
    """The settings pages, grouped; empty groups are left out."""
    groups = [Group(group.title, tuple(open_to(group.links, user, here))) for group in SETTINGS]
    return [group for group in groups if group.links]
