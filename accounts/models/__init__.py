"""The tables of accounts."""

from accounts.models.audit import AuditEntry, AuditHead
from accounts.models.calendars import Calendar
from accounts.models.credentials import ApiToken, Invitation, ResetAsked
from accounts.models.idempotency import IdempotencyKey
from accounts.models.people import User, UserManager, UserQuerySet, display_name

__all__ = [
    "ApiToken",
    "AuditEntry",
    "AuditHead",
    "Calendar",
    "IdempotencyKey",
    "Invitation",
    "ResetAsked",
    "User",
    "UserManager",
    "UserQuerySet",
    "display_name",
]
