"""What the routes of this room ask of the caller; rows are narrowed by `visible_to`."""

from accounts.abilities import Ability
from accounts.rules import Rules

RULES: Rules = {
    "statuspage:list": {"GET": Ability.SEE},
    "statuspage:incident": {"GET": Ability.SEE, "POST": Ability.PUBLISH},
}
