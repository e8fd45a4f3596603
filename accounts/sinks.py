"""The ways out of this room; a test walks a canary from a private incident past each of them."""

from lib.sinks import Sink

SINKS = {
    "accounts.audit": Sink(
        "who did what: of an incident its reference alone, which breaking the glass needs, and why the glass was broken",
        routes=("accounts:audit", "api:audit-list", "api:audit-detail"),
        names_reference=True,
    ),
}

LEADS_NOWHERE = (
    "account_*",
    "mfa_*",
    "accounts:calendar",
    "accounts:calendar-new",
    "accounts:calendars",
    "accounts:invite",
    "accounts:me",
    "accounts:people",
    "accounts:person",
    "accounts:reset",
    "accounts:sessions",
    "accounts:tokens",
    "api:calendar-detail",
    "api:calendar-list",
    "api:me",
    "api:person-detail",
    "api:person-list",
    "api:session-list",
    "api:token-list",
)
