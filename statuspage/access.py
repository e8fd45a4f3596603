"""What the routes of this room ask of the caller; rows are narrowed by `visible_to`."""

from accounts.abilities import Ability
from accounts.rules import Rule, Rules

PUBLISH = Rule(Ability.PUBLISH, scope="publish")
RULES: Rules = {
    "statuspage:list": {"GET": Ability.SEE},
    "statuspage:incident": {"GET": Ability.SEE, "POST": Ability.PUBLISH},
    "statuspage:preview": {"GET": Ability.PUBLISH},
    "statuspage:preview-file": {"GET": Ability.PUBLISH},
    "statuspage:components": {"GET": Ability.SEE},
    "statuspage:component-state": {"POST": Ability.PUBLISH},
    "statuspage:component": {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE},
    "statuspage:page": {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE},
    "api:incident-public": {"GET": Ability.SEE, "POST": PUBLISH},
    "api:incident-public-draft": {"PUT": PUBLISH, "DELETE": PUBLISH},
    "api:incident-public-preview": {"POST": PUBLISH},
    "api:component-list": {"GET": Ability.SEE},
    "api:component-detail": {"GET": Ability.SEE, "PATCH": Rule(Ability.SEE, scope="publish")},  # its state asks for *publish*, its name for *configure*
}
