"""The audit trail: rows that only grow, chained by hash."""

import json
from typing import Any

from django.conf import settings
from django.db import models

from lib import append_only


class AuditEntry(models.Model):
    """One privileged act: who, what, on what, from where, before and after."""

    seq = models.PositiveBigIntegerField(unique=True)  # gapless, in commit order
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")  # null: the system or the console
    actor_name = models.CharField(max_length=120, blank=True)  # as the person was called then
    via = models.CharField(max_length=40, blank=True)  # the API token's prefix, else empty
    action = models.CharField(max_length=80)
    target = models.CharField(max_length=200, blank=True)
    change = models.TextField()  # canonical JSON {"after", "before"}; text, so that the hash holds on every database
    address = models.CharField(max_length=45, blank=True)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["-seq"]
        indexes = [
            # The filters of /settings/audit/, newest first.
            models.Index(fields=["action", "-seq"], name="accounts_audit_action"),
            models.Index(fields=["actor", "-seq"], name="accounts_audit_actor"),
            models.Index(fields=["at"], name="accounts_audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.target}"

    @property
    def before(self) -> Any:
        """What was, secrets masked; None where there was nothing."""
        return json.loads(self.change)["before"]

    @property
    def after(self) -> Any:
        """What is now, secrets masked; None where there is nothing."""
        return json.loads(self.change)["after"]


class AuditHead(models.Model):
    """Where the chain ends. One row, locked last in its transaction (`design.md`, The engine)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.seq} {self.hash[:12]}"


append_only.protect(AuditEntry)
