"""What must be done by when, and the clocks that run."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.models.incident import Incident
from incidents.models.playbook import Service
from incidents.querysets import StepQuerySet, VisibleThroughIncident
from lib.i18n import LocalizedTextField, pick


class Step(models.Model):
    """One thing to do: of the response timeline, a checklist, or the stages of a post-mortem (`manual.md §§4, 9, 13`)."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="steps")
    list = models.CharField(max_length=40)  # "response", "response_checklist", "communication_checklist", ...
    key = models.CharField(max_length=60)
    title = LocalizedTextField()
    role = models.CharField(max_length=12, blank=True)  # who owes it (incidents.models.Role)
    position = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    done_on = models.CharField(max_length=200, blank=True)  # timeline kinds that tick it by themselves, blank-separated
    void_on = models.CharField(max_length=200, blank=True)  # those after which it is owed no more, unless it is late already
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    late_at = models.DateTimeField(null=True)  # when the miss was recorded; once
    cancelled_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=200, blank=True)

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["list", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["incident", "list", "key"], name="step_once")]
        # The sweep: what is due and neither done, cancelled nor already recorded as late.
        indexes = [models.Index(fields=["due_at"], name="step_due", condition=Q(done_at=None, cancelled_at=None, late_at=None))]

    def __str__(self) -> str:
        return pick(self.title)


class Clock(models.Model):
    """A time that runs against a target (`manual.md §§1, 8`); rows per kind and service."""

    class Kind(models.TextChoices):
        RTO = "rto", "RTO"
        RPO = "rpo", "RPO"
        WATCH = "watch", "watch"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="clocks")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    service = models.ForeignKey(Service, null=True, on_delete=models.PROTECT, related_name="+")
    target_seconds = models.PositiveIntegerField()
    is_working_time = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    exposure_seconds = models.PositiveIntegerField(null=True)  # RPO only; None is "unknown"
    breached_at = models.DateTimeField(null=True)

    objects = VisibleThroughIncident.as_manager()

    class Meta:
        ordering = ["kind", "id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "kind", "service"], name="clock_once", nulls_distinct=False),
        ]
        # The sweep: running and not yet breached.
        indexes = [models.Index(fields=["due_at"], name="clock_due", condition=Q(stopped_at=None, breached_at=None))]

    def __str__(self) -> str:
        return f"{self.kind} of {self.incident_id}"
