"""The acts that the core itself offers."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from incidents import forms, lifecycle
from incidents.acts import Act, Besides, register
from incidents.models import Incident, Role, RoleAssignment, Severity, State

ROLE_ALIASES = {"ic": Role.COMMANDER, "commander": Role.COMMANDER, "ops": Role.OPERATIONS, "db": Role.DATABASE, "app": Role.APPLICATION}


def _leads_to(to: State) -> Any:
    """Available where the table leads to `to` without a step back."""
    return lambda incident, user: to in lifecycle.allowed(incident) and not lifecycle.needs_note(incident.state, to)


def _moves(to: State) -> Any:
    return lambda incident, actor, data: lifecycle.transition(incident, to, actor=actor, note=data.get("note", ""), source="web")


def _note(rest: str) -> dict[str, Any]:
    return {"note": rest}


def _first_and_rest(first: str, second: str) -> Any:
    """Parse "P1 because it grows" into two fields."""

    def parse(rest: str) -> dict[str, Any]:
        head, _blank, tail = rest.strip().partition(" ")
        return {first: head, second: tail.strip()}

    return parse


def _severity(rest: str) -> dict[str, Any]:
    parsed = _first_and_rest("severity", "reason")(rest)
    return {**parsed, "severity": parsed["severity"].upper()}


def _assignment(rest: str) -> dict[str, Any]:
    parsed = _first_and_rest("role", "person")(rest)
    role = parsed["role"].lower()
    return {"role": str(ROLE_ALIASES.get(role, role)), "person": parsed["person"]}


def _levels(rest: str) -> dict[str, Any]:
    """Parse "api-gateway outage, cache" into levels; a service without a level is partly affected."""
    pairs = (part.split() for part in rest.split(",") if part.strip())
    return {words[0]: words[1] if len(words) > 1 else "partial" for words in pairs}


def _users(rest: str) -> dict[str, Any]:
    """Parse "8500 85%"."""
    words = rest.split()
    return {"users_affected_percent" if word.endswith("%") else "users_affected": word.rstrip("%") for word in words}


def _is_open(incident: Incident, user: Any) -> bool:
    return incident.is_open


def _nobody_commands(incident: Incident, user: Any) -> bool:
    return incident.is_open and not RoleAssignment.objects.filter(incident=incident, role=Role.COMMANDER, until=None).exists()


def _not_mine_yet(incident: Incident, user: Any) -> bool:
    return incident.is_open and (incident.acknowledged_by_id != user.pk or incident.acknowledgement_asked_at is not None)


def _takes_command_too(incident: Incident, is_leaderless: bool) -> Besides | None:
    """A P1 that nobody commands is commanded by who takes it on."""
    takes = incident.severity == Severity.P1 and is_leaderless
    return Besides(_("and take command"), _("You have it, and you command")) if takes else None


def _needs_reason(to: State, *states: State) -> Any:
    return lambda incident, user: incident.state in states and to in lifecycle.allowed(incident)


def register_all() -> None:
    """Offer everything that the lifecycle can do."""
    C, R = Ability.COMMAND, Ability.RESPOND
    moves = [
        ("confirm", _("Confirm it's real"), State.CONFIRMED, False, 20),
        ("diagnose", _("Start diagnosing"), State.DIAGNOSING, False, 30),
        ("fix", _("Start fixing"), State.FIXING, False, 31),
        ("roll_back", _("Start rolling back"), State.ROLLING_BACK, False, 32),
        ("verify", _("Start verifying"), State.VERIFYING, False, 33),
        ("watch", _("Recovered: start the watch"), State.WATCHING, False, 34),
        ("resolve", _("Resolve"), State.RESOLVED, False, 40),
        ("close", _("Close"), State.CLOSED, False, 41),
        ("dismiss", _("False alarm"), State.DISMISSED, True, 50),
    ]
    for name, label, to, is_danger, position in moves:
        register(Act(name, label, _moves(to), R, forms.NoteForm, _leads_to(to), _note, is_danger=is_danger, position=position))
    back = (State.FIXING, State.ROLLING_BACK, State.VERIFYING, State.WATCHING)
    register(
        Act("not_recovered", _("Not recovered"), _moves(State.DIAGNOSING), R, forms.ReasonForm, _needs_reason(State.DIAGNOSING, *back), _note, position=35)
    )
    register(Act("reopen", _("Reopen"), _moves(State.DIAGNOSING), R, forms.ReasonForm, _needs_reason(State.DIAGNOSING, State.RESOLVED), _note, position=42))
    register(
        Act(
            "redeclare",
            _("It was real after all"),
            _moves(State.DECLARED),
            R,
            forms.ReasonForm,
            _needs_reason(State.DECLARED, State.DISMISSED),
            _note,
            position=43,
        )
    )
    register(
        Act(
            "acknowledge", _("I'm on it"), lambda incident, actor, data: lifecycle.acknowledge(incident, actor=actor, source="web"), R, None, _not_mine_yet,
            position=10, aliases=("ack",), besides=_takes_command_too,
        )
    )  # fmt: skip
    register(
        Act(
            "take_command", _("Take command"),
            lambda incident, actor, data: lifecycle.assign(incident, Role.COMMANDER, actor, actor=actor, source="web"), R, None, _nobody_commands, position=15,
        )
    )  # fmt: skip
    register(
        Act(
            "status", _("Change state"),
            lambda incident, actor, data: lifecycle.transition(incident, data["to"], actor=actor, note=data["note"], source="web"), R,
            forms.StatusForm, lambda incident, user: bool(lifecycle.allowed(incident)), _first_and_rest("to", "note"), _("state, then a note"), position=60,
        )
    )  # fmt: skip
    register(
        Act(
            "severity", _("Change severity"),
            lambda incident, actor, data: lifecycle.change_severity(incident, data["severity"], actor=actor, reason=data["reason"], source="web"), C,
            forms.SeverityForm, _is_open, _severity, _("P1 because …"), position=61,
        )
    )  # fmt: skip
    register(
        Act(
            "assign", _("Assign a part"),
            lambda incident, actor, data: lifecycle.assign(incident, data["role"], data["person"], actor=actor, source="web"), R,
            forms.AssignForm, _is_open, _assignment, _("ic @name"), position=62,
        )
    )  # fmt: skip
    register(
        Act(
            "services", _("Services hit"), lambda incident, actor, data: lifecycle.set_services(incident, data["levels"], actor=actor, source="web"), R,
            forms.ServicesForm, parse=_levels, hint=_("api-gateway outage, cache degraded"), position=63,
        )
    )  # fmt: skip
    register(
        Act(
            "users", _("Users hit"), lambda incident, actor, data: lifecycle.edit(incident, actor=actor, source="web", **data), R,
            forms.UsersForm, parse=_users, hint="8500 85%", position=64,
        )
    )  # fmt: skip
    register(
        Act(
            "edit", _("Edit title and summary"), lambda incident, actor, data: lifecycle.edit(incident, actor=actor, source="web", **data), R,
            forms.EditForm, parse=lambda rest: {"title": rest}, position=65,
        )
    )  # fmt: skip
    register(
        Act(
            "note", _("Write a note"), lambda incident, actor, data: lifecycle.note(incident, data["text"], actor=actor, at=data["at"], source="web"), R,
            forms.WordsForm, parse=lambda rest: {"text": rest}, position=66,
        )
    )  # fmt: skip
    register(
        Act(
            "milestone", _("Correct a milestone"),
            lambda incident, actor, data: lifecycle.edit_milestone(incident, data["name"], data["at"], actor=actor, reason=data["reason"], source="web"), C,
            forms.MilestoneForm, position=70,
        )
    )  # fmt: skip
    register(
        Act(
            "merge", _("Merge into another incident"),
            lambda incident, actor, data: lifecycle.merge(incident, data["into"], actor=actor, reason=data["reason"], origin="web"), C,
            forms.MergeForm, lambda incident, user: incident.state in ("declared", "confirmed", "diagnosing", "fixing", "rolling_back", "verifying"),
            _first_and_rest("into", "reason"), _("INC-… because …"), is_danger=True, position=80,
        )
    )  # fmt: skip
    register(
        Act(
            "close_off", _("Make private"), lambda incident, actor, data: lifecycle.set_private(incident, True, actor=actor, source="web"), C, None,
            lambda incident, user: not incident.is_private, position=81,
        )
    )  # fmt: skip
    register(
        Act(
            "open_up", _("Open to everybody"), lambda incident, actor, data: lifecycle.set_private(incident, False, actor=actor, source="web"), C, None,
            lambda incident, user: incident.is_private, is_danger=True, position=82,
        )
    )  # fmt: skip
    register(
        Act(
            "grant", _("Let somebody see it"), lambda incident, actor, data: lifecycle.grant(incident, actor=actor, source="web", **data), C,
            forms.GrantForm, lambda incident, user: incident.is_private, lambda rest: {"person": rest}, position=83,
            impossible=_("Everybody who may use the portal sees this incident. Make it private first, then name who may see it."),
        )
    )  # fmt: skip
    register(
        Act(
            "revoke", _("Take the sight of it back"), lambda incident, actor, data: lifecycle.revoke(incident, actor=actor, source="web", **data), C,
            forms.GrantForm, lambda incident, user: incident.is_private, lambda rest: {"person": rest}, position=84,
            impossible=_("Everybody who may use the portal sees this incident; there is no sight of it to take back."),
        )
    )  # fmt: skip
    register(
        Act(
            "redact", _("Redact an entry"),
            lambda incident, actor, data: lifecycle.redact(incident, data["seq"], actor=actor, reason=data["reason"], source="web"), C,
            forms.RedactForm, parse=_first_and_rest("seq", "reason"), hint=_("17 because …"), is_danger=True, position=90, is_shown_first=True,
        )
    )  # fmt: skip
