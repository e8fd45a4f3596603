"""Who may do what to one incident: abilities, widened for its commander, narrowed when it is private."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents.models import Incident, Role, RoleAssignment
from lib.errors import Forbidden, NotFound


def commander_id(incident: Incident) -> int | None:
    """Whose incident it is, or None."""
    return RoleAssignment.objects.filter(incident=incident, role=Role.COMMANDER, until=None).values_list("person_id", flat=True).first()


def may(user: Any, ability: Ability, incident: Incident) -> bool:
    """Whether `user` may use `ability` on this incident. None is the portal itself and may."""
    if user is None:
        return True
    if not user.is_active or (incident.is_private and not Incident.objects.visible_to(user).filter(pk=incident.pk).exists()):
        return False
    return holds(user, ability, lambda: commander_id(incident))


def holds(user: Any, ability: Ability, commander: Callable[[], int | None]) -> bool:
    """Whether `user` has `ability` on an incident that they see and that `commander()` commands."""
    if user.can(ability):
        return True
    # Who took command of a leaderless incident with *respond* may then command it (design.md "The incident").
    return ability is Ability.COMMAND and user.can(Ability.RESPOND) and commander() == user.pk


def require(user: Any, ability: Ability, incident: Incident) -> None:
    """Raise NotFound for an incident that `user` may not see, Forbidden without `ability`."""
    if may(user, ability, incident):
        return
    if incident.is_private and not Incident.objects.visible_to(user).filter(pk=incident.pk).exists():
        raise NotFound(_("There is no such incident."))
    raise Forbidden(_("You need the right “%(ability)s” for this.") % {"ability": ability.value})
