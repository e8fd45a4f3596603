"""What the routes of the portal's own pages ask of the caller; `portal/access.py` puts all rooms' tables together."""

from accounts.abilities import Ability
from accounts.rules import PUBLIC, SIGNED_IN, Rules

RULES: Rules = {
    "portal:board": {"GET": Ability.SEE},
    "portal:search": {"GET": Ability.SEE},
    "portal:palette": {"GET": SIGNED_IN},
    "portal:strips": {"GET": SIGNED_IN},
    "portal:settings": {"GET": SIGNED_IN},
    "portal:keys": {"POST": SIGNED_IN},
    "portal:live-ticket": {"POST": Ability.SEE},
    "portal:readyz": {"GET": PUBLIC},
    "portal:metrics": {"GET": PUBLIC},  # checks its own token
    "portal:api-schema": {"GET": SIGNED_IN},
    "portal:api-docs": {"GET": SIGNED_IN},
    "portal:version": {"GET": PUBLIC},
}
