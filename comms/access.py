"""What the routes of this room ask of the caller; rows are narrowed by `visible_to`."""

from accounts.abilities import Ability
from accounts.rules import PUBLIC, SIGNED_IN, Rule, Rules

OWN: dict = {"GET": SIGNED_IN, "POST": SIGNED_IN}
PUBLISHING: dict = {"GET": Ability.PUBLISH, "POST": Ability.PUBLISH}
PUBLISH = Rule(Ability.PUBLISH, scope="publish")

RULES: Rules = {
    "comms:messages": {"GET": Ability.SEE},
    "comms:message": {"GET": Ability.SEE},
    "comms:resend": {"POST": Ability.RESPOND},
    "comms:held": {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE},
    "api:held": {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE},
    "comms:alarm-seen": {"POST": Ability.CONFIGURE},
    "comms:contact-methods": OWN,
    "comms:contact-act": {"POST": SIGNED_IN},
    "comms:channels": {"GET": Ability.CONFIGURE},
    "comms:channel-act": {"POST": Ability.CONFIGURE},
    "comms:announcements": {"GET": Ability.SEE},
    "comms:announcement": {"GET": Ability.SEE, "POST": Ability.PUBLISH},
    "comms:announcement-new": {"POST": Ability.PUBLISH},
    "comms:announcement-act": {"POST": Ability.PUBLISH},
    "api:announcement-list": {"GET": Ability.SEE, "POST": PUBLISH},
    "api:announcement-detail": {"GET": Ability.SEE},
    "api:announcement-send": {"POST": PUBLISH},
    "api:announcement-undo": {"POST": PUBLISH},
    "api:announcement-stop": {"POST": PUBLISH},
    "comms:subscribers": PUBLISHING,
    "comms:subscriber-import": PUBLISHING,
    "comms:subscriber-export": {"GET": Ability.PUBLISH},
    "comms:subscriber": PUBLISHING,
    "comms:subscriber-act": {"POST": Ability.PUBLISH},
    "comms:unsubscribe": {"GET": PUBLIC, "POST": PUBLIC},
    "api:subscriber-list": {"GET": PUBLISH, "POST": PUBLISH},
    "api:subscriber-detail": {"GET": PUBLISH, "PATCH": PUBLISH, "DELETE": PUBLISH},
    "api:subscriber-end": {"POST": PUBLISH},
    "api:subscriber-lift": {"POST": PUBLISH},
    "api:subscriber-rotate": {"POST": PUBLISH},
    "api:delivery-list": {"GET": Ability.SEE},
    "api:delivery-detail": {"GET": Ability.SEE},
    "api:delivery-resend": {"POST": Ability.RESPOND},
    "api:obligation-list": {"GET": Ability.SEE},
    "api:incident-obligations": {"GET": Ability.SEE},
    "api:incident-messages": {"GET": Ability.SEE},
    "api:incident-updates": {"POST": Ability.RESPOND},
    "api:contact-method-list": OWN,
    "api:contact-method-detail": {"GET": SIGNED_IN, "DELETE": SIGNED_IN},
    "api:contact-method-verify": {"POST": SIGNED_IN},
    "api:contact-method-code": {"POST": SIGNED_IN},
    "api:contact-method-first": {"POST": SIGNED_IN},
    "api:alarm-list": {"GET": Ability.SEE},
    "api:alarm-seen": {"POST": Ability.CONFIGURE},
    "api:channel-list": {"GET": Ability.CONFIGURE},
    "api:channel-test": {"POST": Ability.CONFIGURE},
    "api:channel-on": {"POST": Ability.CONFIGURE},
}
