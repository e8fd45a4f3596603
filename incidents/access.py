"""What the routes of this room ask of the caller; what an incident itself asks is checked by `rights`."""

from accounts.abilities import Ability
from accounts.rules import PUBLIC, Rule, Rules

# Whoever commands an incident with *respond* alone may also command it, so acts ask for *respond* here.
_ACT = {"POST": Ability.RESPOND}
_READ = {"GET": Ability.SEE}
_CONFIGURED = {"GET": Ability.SEE, "PUT": Ability.CONFIGURE, "DELETE": Ability.CONFIGURE}

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
    "api:incident-grants": {"GET": Ability.SEE, "POST": Ability.RESPOND},
    "api:incident-grant": {"DELETE": Ability.RESPOND},
    "api:incident-break-glass": {"POST": Ability.AUDIT},
    "api:incident-timeline": {"GET": Ability.SEE, "POST": Ability.RESPOND},
    "api:incident-pictures": {"GET": Ability.SEE, "POST": Ability.RESPOND},
    "api:incident-picture": _READ,
    "api:incident-steps": _READ,
    "api:incident-step-done": _ACT,
    "api:incident-step-undo": _ACT,
    "api:incident-clocks": _READ,
    "api:severity-list": _READ,
    "api:severity-detail": _READ,
    "api:team-list": _READ,
    "api:team-detail": _CONFIGURED,
    "api:service-list": _READ,
    "api:service-detail": _CONFIGURED,
    "api:service-recovery-points": {"GET": Ability.SEE, "POST": Rule(Ability.RESPOND, scope="recovery", service="slug")},
    "api:playbook": {"GET": Ability.SEE, "PUT": Ability.CONFIGURE},
    "api:playbook-versions": _READ,
    "api:playbook-version": _READ,
    "api:playbook-diff": _READ,
    "api:playbook-item": _CONFIGURED,
    "incidents:services": _READ,
    "incidents:service": _READ,
    "incidents:teams": _READ,
    "incidents:team": _READ,
    "incidents:team-members": {"POST": Ability.CONFIGURE},
    "incidents:playbook": _READ,
    "incidents:playbook-section": _READ,
    "incidents:playbook-add": {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE},
    "incidents:playbook-item": {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE},
    "incidents:playbook-versions": _READ,
    "incidents:playbook-version": _READ,
    "incidents:playbook-diff": _READ,
    "incidents:list": _READ,
    "incidents:declare": {"GET": Ability.RESPOND, "POST": Ability.RESPOND},
    "incidents:detail": _READ,
    "incidents:head": _READ,
    "incidents:story": _READ,
    "incidents:panel": _READ,
    "incidents:commands": _READ,
    "incidents:compose": _ACT,
    "incidents:picture": _READ,
    "incidents:picture-content": {"GET": PUBLIC},  # the signed key in the address is the right, for two minutes
    "incidents:act": {"GET": Ability.RESPOND, "POST": Ability.RESPOND},
    "incidents:step": _ACT,
    "incidents:break-glass": {"GET": Ability.AUDIT, "POST": Ability.AUDIT},
}
