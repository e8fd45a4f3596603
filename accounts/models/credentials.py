"""What people and machines prove themselves with: API tokens and links, both stored as hashes."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.leases import Leased


class ApiToken(models.Model):
    """A key to the REST API; acts as its person, within its scopes."""

    name = models.CharField(_("name"), max_length=80)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    prefix = models.CharField(max_length=20, unique=True)  # shown in lists and in the audit trail
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the whole token
    scopes = models.JSONField(default=list)
    services = models.JSONField(default=list)  # slugs; empty: not tied
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)  # to the minute
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Invitation(models.Model):
    """A one-time link by which a person comes in for the first time, or again after forgetting the password."""

    class Purpose(models.TextChoices):
        """What the link is good for, and for nothing else."""

        INVITATION = "invitation"  # sets name, password, language and zone
        RESET = "reset"  # sets the password

    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.INVITATION)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations")
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of purpose and secret
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.person} until {self.expires_at:%Y-%m-%d}"


class ResetAsked(Leased):
    """Somebody asked for a new password under this name. Whether anybody has it is looked up after the answer, which tells nothing so."""

    login = models.CharField(max_length=254)
    address = models.CharField(max_length=45, blank=True)  # whence, for the audit trail
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"asked at {self.asked_at:%Y-%m-%d %H:%M}"
