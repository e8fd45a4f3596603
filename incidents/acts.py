"""Registry of acts: the one list behind buttons, composer commands, the palette and the API."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents import rights
from incidents.models import Incident
from lib.errors import Refused


@dataclass(frozen=True)
class Besides:
    """What a press also does: as its button says it, and what is told when it is done."""

    label: Any
    told: Any


@dataclass(frozen=True)
class Act:
    """Something a person may do to an incident.

    `form` is None for a single press. `available` says whether it makes sense now. `parse` turns the rest of a
    composer command ("/severity P1 because…") into form data.
    """

    name: str
    label: Any
    run: Callable[..., Any]  # run(incident, actor=…, data=…)
    ability: Ability = Ability.RESPOND
    form: type[forms.Form] | None = None
    available: Callable[[Incident, Any], bool] = lambda incident, user: True
    parse: Callable[[str], dict[str, Any]] | None = None
    hint: Any = ""
    is_danger: bool = False
    position: int = 100
    aliases: tuple[str, ...] = field(default=())
    page: str = ""  # the route of a page of its own ("statuspage:incident", by reference) that stands for the plain form
    impossible: Any = ""  # what to say instead of the form while it is not available
    is_shown_first: bool = False  # its form shows what goes before it is done; a command opens the form
    besides: Callable[[Incident, bool], Besides | None] = lambda incident, is_leaderless: None


ACTS: dict[str, Act] = {}


def register(act: Act) -> None:
    """Offer `act` everywhere acts are offered."""
    ACTS[act.name] = act


def find(command: str) -> Act | None:
    """The act of a composer command by its name or alias."""
    return ACTS.get(command) or next((act for act in ACTS.values() if command in act.aliases), None)


def offered(incident: Incident, user: Any, may: Callable[[Ability], bool] | None = None) -> list[Act]:
    """What `user` may do to `incident` now, in order; `may` answers for a page that has asked already."""
    allowed = {ability: may(ability) if may else rights.may(user, ability, incident) for ability in {act.ability for act in ACTS.values()}}
    return sorted((act for act in ACTS.values() if allowed[act.ability] and act.available(incident, user)), key=lambda act: act.position)


def perform(act: Act, incident: Incident, *, actor: Any, data: dict[str, Any]) -> Any:
    """Check `data` with the act's form and run it. Raises Refused with the form's errors (422), Forbidden, NotFound."""
    rights.require(actor, act.ability, incident)
    if not act.available(incident, actor):
        raise Refused(_("“%(act)s” makes no sense for %(reference)s now.") % {"act": act.label, "reference": incident.reference})
    if act.form is None:
        return act.run(incident, actor=actor, data={})
    form = bind(act, incident, actor, data)
    if not form.is_valid():
        raise Refused(_("Something in the form is missing or wrong."), status=422, errors=form.errors.get_json_data())
    return act.run(incident, actor=actor, data=form.cleaned_data)


def bind(act: Act, incident: Incident, user: Any, data: Any = None) -> forms.Form:
    """The act's form about `incident`, bound to `data` when given. Forms that need to know take `incident` and `user`."""
    if act.form is None:
        raise LookupError(f"{act.name} has no form")
    known = {"incident": incident, "user": user} if getattr(act.form, "knows_incident", False) else {}
    return act.form(data, **known)
