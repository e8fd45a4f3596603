"""What the routes of this room ask of the caller; what an incident itself asks is checked by `rights`."""

from accounts.abilities import Ability
from accounts.rules import Rules

# Whoever commands an incident with *respond* alone may also command it, so acts ask for *respond* here.
_ACT = {"POST": Ability.RESPOND}
_READ = {"GET": Ability.SEE}

RULES: Rules = {
    "api:incident-list": {"GET": Ability.SEE, "POST": Ability.RESPOND},
    "api:incident-detail": {"GET": Ability.SEE, "PATCH": Ability.RESPOND},
    "api:incident-transitions": _ACT,
    "api:incident-acknowledge": _ACT,
    "api:incident-severity": _ACT,
    "api:incident-roles": _ACT,
    "api:incident-milestones": _ACT,
    "api:incident-merge": _ACT,
    "api:incident-redact": _ACT,
    "api:incident-grants": _ACT,
    "api:incident-break-glass": {"POST": Ability.AUDIT},
    "api:incident-timeline": {"GET": Ability.SEE, "POST": Ability.RESPOND},
    "api:incident-steps": _READ,
    "api:incident-step-done": _ACT,
    "api:incident-clocks": _READ,
}
