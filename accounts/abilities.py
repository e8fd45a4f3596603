"""What people may do, and the roles that bundle it."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Ability(StrEnum):
    """One right; every route of the portal asks for one (`portal/access.py`)."""

    SEE = "see"
    RESPOND = "respond"
    COMMAND = "command"
    PUBLISH = "publish"
    CALL_ANYONE = "call_anyone"
    ROLL_BACK = "roll_back"
    SEE_PRIVATE = "see_private"
    CONFIGURE = "configure"
    AUDIT = "audit"


ROLES: dict[str, frozenset[Ability]] = {
    "viewer": frozenset({Ability.SEE}),
    "responder": frozenset({Ability.SEE, Ability.RESPOND, Ability.CALL_ANYONE}),
    "communicator": frozenset({Ability.SEE, Ability.RESPOND, Ability.PUBLISH}),
    "commander": frozenset({Ability.SEE, Ability.RESPOND, Ability.COMMAND, Ability.PUBLISH, Ability.CALL_ANYONE, Ability.ROLL_BACK}),
    # Every ability but *see private* (interface.md "REST API").
    "admin": frozenset(Ability) - {Ability.SEE_PRIVATE},
}
ROLE_NAMES = {
    "viewer": _("Viewer"),
    "responder": _("Responder"),
    "communicator": _("Communicator"),
    "commander": _("Commander"),
    "admin": _("Administrator"),
}
ABILITY_NAMES = {
    "see": _("See"),
    "respond": _("Respond"),
    "command": _("Command"),
    "publish": _("Publish"),
    "call_anyone": _("Call anyone"),
    "roll_back": _("Roll back"),
    "see_private": _("See private"),
    "configure": _("Configure"),
    "audit": _("Read the audit trail"),
}
