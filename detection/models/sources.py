"""Who sends alerts, what they sent word for word, what could not be taken, and what their labels mean here."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents.models import Service, Severity


class Source(models.Model):
    """A sender with a key of its own. The key itself is shown once; here is its SHA-256."""

    kind = models.CharField(max_length=20)  # detection.sources.KINDS, or OWN for what the portal itself reports
    name = models.CharField(_("name"), max_length=60, unique=True)
    slug = models.SlugField(max_length=60, unique=True)
    key_digest = models.CharField(max_length=64, null=True, unique=True)  # the door asks for it with every request
    previous_key_digest = models.CharField(max_length=64, null=True, unique=True)
    previous_key_until = models.DateTimeField(null=True)  # a rotated key opens for 24 h more
    key_made_at = models.DateTimeField(null=True)
    default_service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    last_received_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    OWN = "portal"

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The source's settings page."""
        return f"/settings/sources/{self.slug}/"


class Envelope(models.Model):
    """One accepted request word for word; kept 14 days, against which the audit holds the alerts."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="envelopes")
    received_at = models.DateTimeField()
    body = models.TextField()
    digest = models.CharField(max_length=64)  # SHA-256 of the bytes
    accepted = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    truncated = models.PositiveIntegerField(default=0)  # how many alerts the sender says it left out

    class Meta:
        indexes = [
            # Pruning by age, and the audit's newest ones.
            models.Index(fields=["received_at"], name="envelope_received"),
            # A source's page: the newest that it sent.
            models.Index(fields=["source", "-received_at"], name="envelope_of_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.received_at:%Y-%m-%d %H:%M:%S}"


class SetAside(models.Model):
    """What a sender meant and we could not take: with its reason, secrets masked, kept 7 days."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="set_aside")
    received_at = models.DateTimeField()
    index = models.PositiveIntegerField(null=True)  # which alert of the batch; None: the whole request
    reason = models.CharField(max_length=40)  # a code of detection.reasons
    detail = models.CharField(max_length=200, blank=True)  # the field or word it is about
    payload = models.TextField()  # at most 64 KiB
    digest = models.CharField(max_length=64)
    times = models.PositiveIntegerField(default=1)
    taken_at = models.DateTimeField(null=True)  # taken in again since then, and as which alert
    alert = models.ForeignKey("detection.Alert", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            # The same bad alert sent again is the same row.
            models.UniqueConstraint(fields=["source", "digest"], name="set_aside_once"),
        ]
        indexes = [
            # The list, newest first, and pruning.
            models.Index(fields=["-received_at", "-id"], name="set_aside_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} from {self.source_id}"


class Mapping(models.Model):
    """What a label's value means here, made from a received alert by one press: a service, a severity, or both.

    It wins over the slug of the same name and over the words of the playbook. Without a source it holds for all.
    """

    source = models.ForeignKey(Source, null=True, on_delete=models.CASCADE, related_name="mappings")
    label = models.CharField(max_length=200)  # "alertname": the alert's name, however its sender calls it
    value = models.CharField(max_length=200)
    service = models.ForeignKey(Service, null=True, on_delete=models.CASCADE, related_name="mappings")
    severity = models.CharField(max_length=2, blank=True, choices=Severity.choices)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["label", "value", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["label", "value"], condition=Q(source=None), name="mapping_once"),
            models.UniqueConstraint(fields=["source", "label", "value"], name="mapping_of_source_once"),
            models.CheckConstraint(condition=~Q(label="") & ~Q(value=""), name="mapping_has_value"),
            models.CheckConstraint(condition=Q(severity__in=["", *Severity.values]), name="mapping_severity_known"),
        ]

    def __str__(self) -> str:
        return f"{self.label}={self.value}"
