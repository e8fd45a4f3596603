"""What the routes of this room ask of the caller."""

from accounts.abilities import Ability
from accounts.rules import PUBLIC, SIGNED_IN, Rule, Rules

CONFIGURE_BOTH: dict = {"GET": Ability.CONFIGURE, "POST": Ability.CONFIGURE}
OWN: dict = {"GET": SIGNED_IN, "POST": SIGNED_IN}
OPEN: dict = {"GET": PUBLIC, "POST": PUBLIC}
# Who may make people and give them rights could make himself an administrator: tokens need the widest scope for it.
ADMIN = Rule(Ability.CONFIGURE, scope="admin")

RULES: Rules = {
    "account_login": OPEN,
    "account_logout": OPEN,
    "account_inactive": {"GET": PUBLIC},
    "account_reauthenticate": OWN,
    "account_change_password": OWN,
    "account_reset_password": OPEN,
    "mfa_index": {"GET": SIGNED_IN},
    "mfa_authenticate": OPEN,  # the second step of signing in: allauth lets in only who did the first
    "mfa_reauthenticate": OWN,
    "mfa_activate_totp": OWN,
    "mfa_deactivate_totp": OWN,
    "mfa_view_recovery_codes": {"GET": SIGNED_IN},
    "mfa_generate_recovery_codes": OWN,
    "mfa_download_recovery_codes": {"GET": SIGNED_IN},
    "accounts:preferences": {"POST": PUBLIC},
    "accounts:invite": OPEN,  # the token in the address is the key
    "accounts:reset": OPEN,
    "accounts:me": OWN,
    "accounts:sessions": OWN,
    "accounts:tokens": OWN,
    "accounts:token-revoke": {"POST": SIGNED_IN},
    "accounts:people": CONFIGURE_BOTH,
    "accounts:person": CONFIGURE_BOTH,
    "accounts:person-act": {"POST": Ability.CONFIGURE},
    "accounts:calendars": CONFIGURE_BOTH,
    "accounts:calendar-new": CONFIGURE_BOTH,
    "accounts:calendar": CONFIGURE_BOTH,
    "accounts:calendar-remove": {"POST": Ability.CONFIGURE},
    "accounts:audit": {"GET": Ability.AUDIT},
    "api:person-list": {"GET": Ability.SEE, "POST": ADMIN},
    "api:person-detail": {"GET": Ability.SEE, "PATCH": ADMIN},
    "api:person-invite": {"POST": ADMIN},
    "api:me": {"GET": SIGNED_IN, "PATCH": SIGNED_IN},
    "api:session-list": {"GET": SIGNED_IN, "DELETE": SIGNED_IN},
    "api:session-detail": {"DELETE": SIGNED_IN},
    "api:token-list": {"GET": SIGNED_IN},
    "api:token-detail": {"DELETE": SIGNED_IN},
    "api:person-sessions": {"DELETE": ADMIN},
    "api:person-tokens": {"DELETE": ADMIN},
    "api:person-second-factor": {"DELETE": ADMIN},
    "api:calendar-list": {"GET": Ability.SEE, "POST": Ability.CONFIGURE},
    "api:calendar-detail": {"GET": Ability.SEE, "PUT": Ability.CONFIGURE, "DELETE": Ability.CONFIGURE},
    "api:audit-list": {"GET": Ability.AUDIT},
    "api:audit-detail": {"GET": Ability.AUDIT},
}
