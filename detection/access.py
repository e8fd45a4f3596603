"""What the routes of this room ask of the caller."""

from accounts.abilities import Ability
from accounts.rules import PUBLIC, Rule, Rules
from detection.sources import OWN_DOORS

DOOR = {"GET": PUBLIC, "POST": PUBLIC, "PUT": PUBLIC, "PATCH": PUBLIC, "DELETE": PUBLIC}
RULES: Rules = {
    # The door checks its own key.
    **{f"detection:ingest-{kind}": DOOR for kind in OWN_DOORS},
    **{f"detection:ingest-{kind}-bearer": DOOR for kind in OWN_DOORS},
    "detection:ingest-pagerduty": DOOR,
    "detection:ingest-pagerduty-change": DOOR,
    "detection:alerts": {"GET": Ability.SEE},
    "detection:alerts-act": {"POST": Ability.RESPOND},
    "detection:alert": {"GET": Ability.SEE},
    "detection:alert-map": {"POST": Ability.CONFIGURE},
    "detection:candidate-accept": {"POST": Ability.RESPOND},
    "detection:candidate-dismiss": {"POST": Ability.RESPOND},
    "detection:set-aside": {"GET": Ability.RESPOND},
    "detection:sources": {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE},
    "detection:source": {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE},
    "detection:source-rotate": {"POST": Ability.CONFIGURE},
    "detection:source-test": {"POST": Ability.CONFIGURE},
    "detection:mapping-delete": {"POST": Ability.CONFIGURE},
    "detection:silences": {"GET": Ability.SEE},
    "detection:silence-new": {"GET": Ability.RESPOND, "POST": Ability.RESPOND},
    "detection:silence-end": {"POST": Ability.RESPOND},
    "detection:silence-extend": {"POST": Ability.RESPOND},
    "detection:source-hold": {"POST": Ability.COMMAND},
    "api:silence-list": {"GET": Ability.SEE, "POST": Ability.RESPOND},
    "api:silence-detail": {"GET": Ability.SEE},
    "api:silence-end": {"POST": Ability.RESPOND},
    "api:source-hold": {"POST": Ability.COMMAND},
    "api:alert-list": {"GET": Ability.SEE},
    "api:alert-detail": {"GET": Ability.SEE},
    "api:incident-alerts": {"GET": Ability.SEE},
    "api:incident-split": {"POST": Ability.RESPOND},  # whoever commands the incident: the act asks
    "api:candidate-list": {"GET": Ability.SEE},
    "api:candidate-detail": {"GET": Ability.SEE},
    "api:candidate-accept": {"POST": Ability.RESPOND},
    "api:candidate-dismiss": {"POST": Ability.RESPOND},
    "api:source-list": {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE},
    "api:source-detail": {"GET": Ability.CONFIGURE, "PATCH": Ability.CONFIGURE},
    "api:source-rotate": {"POST": Ability.CONFIGURE},
    "api:source-test": {"POST": Ability.CONFIGURE},
    "api:alerts-acknowledge": {"POST": Ability.RESPOND},
    "api:alerts-dismiss": {"POST": Ability.RESPOND},
    "api:alerts-set-aside": {"GET": Ability.RESPOND},
    "api:alert-map": {"POST": Ability.CONFIGURE},
    "api:mapping-list": {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE},
    "api:mapping-detail": {"GET": Ability.CONFIGURE, "PUT": Ability.CONFIGURE, "DELETE": Ability.CONFIGURE},
    "api:change-list": {"GET": Ability.SEE},
    "api:service-changes": {"GET": Ability.SEE, "POST": Rule(Ability.RESPOND, scope="deploy", service="slug")},
}
