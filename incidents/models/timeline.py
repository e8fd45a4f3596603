"""The story of an incident, and the reactions that each entry owes."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.models.incident import Incident
from incidents.querysets import VisibleThroughIncident
from lib import append_only
from lib.leases import Leased


class TimelineEntry(models.Model):
    """The header of one entry: never changed, chained by hash. Written by `timeline.record` alone."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="entries")
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=60)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()  # when it happened; a back-dated note lies before recorded_at
    recorded_at = models.DateTimeField()
    digest = models.CharField(max_length=64)  # sha256(salt ‖ canonical body)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = VisibleThroughIncident.as_manager()

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["incident", "seq"], name="timeline_seq_once")]

    def __str__(self) -> str:
        return f"{self.incident_id}#{self.seq} {self.kind}"


class TimelineBody(models.Model):
    """What an entry says. Only a redaction changes it: into a tombstone."""

    entry = models.OneToOneField(TimelineEntry, on_delete=models.PROTECT, related_name="body", primary_key=True)
    salt = models.CharField(max_length=32)
    content = models.TextField()  # canonical JSON {"data": {...}, "text": "..."}; "" once redacted
    redacted = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"body of {self.entry_id}"


append_only.protect(TimelineEntry)
append_only.protect(TimelineBody, allow_update="OLD.redacted = {false} AND NEW.redacted = {true} AND NEW.content = '' AND NEW.entry_id = OLD.entry_id")


class Reaction(Leased):
    """One receiver's duty towards one entry: run at once, retried by the sweep, dead with an alarm."""

    class Status(models.TextChoices):
        DONE = "done", "done"
        FAILED = "failed", "failed"  # waits for not_before
        DEAD = "dead", "dead"

    entry = models.ForeignKey(TimelineEntry, on_delete=models.PROTECT, related_name="reactions")
    receiver = models.CharField(max_length=80)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.FAILED)
    not_before = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "receiver"], name="reaction_once")]
        # The retry sweep.
        indexes = [models.Index(fields=["not_before"], name="reaction_failed", condition=Q(status="failed"))]

    def __str__(self) -> str:
        return f"{self.receiver} for {self.entry_id}"
