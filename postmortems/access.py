"""What the routes of this room ask of the caller; what a post-mortem itself asks is checked by its acts."""

from accounts.abilities import Ability
from accounts.rules import Rule, Rules

_READ = {"GET": Ability.SEE}
_WRITE = {"POST": Ability.RESPOND}
_BOTH = {"GET": Ability.RESPOND, "POST": Ability.RESPOND}

RULES: Rules = {
    "postmortems:list": _READ,
    "postmortems:action-items": _READ,
    "postmortems:action": {"GET": Ability.SEE, "POST": Ability.RESPOND},
    "postmortems:action-settle": {"POST": Ability.SEE},  # its owner may; else who responds: `actions.settle` asks
    "postmortems:detail": _READ,
    "postmortems:open": _WRITE,
    "postmortems:presence": _READ,
    "postmortems:markdown": _READ,
    "postmortems:print": _READ,
    "postmortems:pdf": _READ,
    "postmortems:section": {"GET": Ability.SEE, "POST": Ability.RESPOND},
    "postmortems:section-keep": _WRITE,
    "postmortems:section-discard": _WRITE,
    "postmortems:section-history": _READ,
    "postmortems:timeline": _READ,
    "postmortems:row": _BOTH,
    "postmortems:action-new": _BOTH,
    "postmortems:public": {"GET": Ability.PUBLISH, "POST": Ability.PUBLISH},
    "postmortems:act": _BOTH,  # publishing and waiving ask for more: `lifecycle` does
    "api:postmortem-list": _READ,
    "api:postmortem-detail": {"GET": Ability.SEE, "PATCH": Ability.RESPOND},
    "api:postmortem-markdown": _READ,
    "api:postmortem-pdf": _READ,
    "api:postmortem-section": {"GET": Ability.SEE, "PUT": Ability.RESPOND},
    "api:postmortem-section-versions": _READ,
    "api:postmortem-timeline": _READ,
    "api:postmortem-timeline-row": {"PUT": Ability.RESPOND},
    "api:postmortem-submit": _WRITE,
    "api:postmortem-approve": _WRITE,
    "api:postmortem-return": _WRITE,
    "api:postmortem-publish": {"POST": Ability.PUBLISH},
    "api:postmortem-public": {"GET": Ability.SEE, "POST": Rule(Ability.PUBLISH, scope="publish")},
    "api:postmortem-waive": _WRITE,  # whoever commands the incident: `lifecycle` asks
    "api:postmortem-resume": _WRITE,
    "api:incident-postmortem": {"GET": Ability.SEE, "POST": Ability.RESPOND},
    "api:action-item-list": {"GET": Ability.SEE, "POST": Ability.RESPOND},
    "api:action-item-detail": {"GET": Ability.SEE, "PATCH": Ability.RESPOND},
    "api:action-item-settle": {"POST": Ability.SEE},  # its owner may; else who responds: `actions.settle` asks
}
