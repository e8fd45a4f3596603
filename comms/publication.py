"""What the playbook says about telling the public of an incident, and who speaks (`manual.md §7`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from comms.playbook import PRODUCT, PUBLICATION
from incidents import playbook
from incidents.models import Incident
from lib.i18n import pick

How = Literal["auto", "prepare", "none"]


@dataclass(frozen=True)
class Rule:
    """How each audience outside hears: by itself, as a draft for a person, or not at all; times in seconds.

    `users_after_seconds` counts from the begin of the impact, `within_seconds` from the moment it is owed.
    """

    status_page: How
    users: How
    users_after_seconds: int
    within_seconds: int


SILENCE = Rule("none", "none", 0, 0)


@dataclass(frozen=True)
class Promise:
    """What is promised to an audience outside: seconds to the next update, and to the recovery that is expected (None: nothing is)."""

    next_update_seconds: int | None
    recovery_seconds: int | None


@dataclass(frozen=True)
class Product:
    """What the public knows us as, and where it finds help ("" where there is none)."""

    name: str
    support_mail: str
    support_url: str


def rule(incident: Incident) -> Rule:
    """What follows for the incident as it stands, once confirmed, by the playbook it runs under.

    Of a private incident and of imported history nothing goes outward by itself; a drill never comes to the status page
    (design.md "Private", "Drill and import").
    """
    if incident.is_private or incident.is_imported:
        return SILENCE
    item = _item(playbook.incident_playbook(incident), PUBLICATION, incident.severity)
    return Rule(
        status_page="none" if incident.is_drill else item["status_page"],
        users=item["users"],
        users_after_seconds=item.get("users_after_seconds") or 0,
        within_seconds=item.get("within_seconds") or 0,
    )


def promise(incident: Incident, audience: str) -> Promise:
    """The playbook's standing promise to "status_page" or "users"."""
    key = {"users": "user_mail"}.get(audience, audience)
    item = playbook.incident_playbook(incident).items("promises").get(key) or {}
    return Promise(item.get("next_update_seconds"), item.get("expected_recovery_seconds"))


def product(language: str | None = None) -> Product:
    """Name and help, as the playbook in force has them."""
    item = _item(playbook.current(), PRODUCT, "product")
    return Product(pick(item["name"], language), item.get("support_mail") or "", item.get("support_url") or "")


def _item(rules: playbook.Playbook, section: str, key: str) -> Mapping[str, Any]:
    """An item, as shipped where the version is older than the section."""
    return rules.items(section).get(key) or playbook.SECTIONS[section].shipped()[key]
