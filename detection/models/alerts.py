"""Alerts, the groups they gather in, and candidates that wait for a person."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from detection.models.silences import Silence
from detection.models.sources import Source
from detection.querysets import AlertQuerySet, CandidateQuerySet, GroupQuerySet
from incidents.models import Incident, Service, Severity


class AlertGroup(models.Model):
    """Alerts about the same thing; its key is the service, else source and alert name – never the sender's own group."""

    key = models.CharField(max_length=255)
    is_open = models.BooleanField(default=True)
    service = models.ForeignKey(Service, null=True, on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey(Source, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200, blank=True)
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT, related_name="alert_groups")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = GroupQuerySet.as_manager()

    class Meta:
        constraints = [
            # Insert-or-nothing: of twenty requests at once one makes the group, the others wait for it.
            models.UniqueConstraint(fields=["key"], condition=Q(is_open=True), name="alert_group_open_once"),
        ]
        indexes = [
            # The group before this one: what a new incident is related to.
            models.Index(fields=["key", "-id"], name="alert_group_key"),
        ]

    def __str__(self) -> str:
        return self.key


class Alert(models.Model):
    """One stretch of firing of one thing, as its source sees it.

    `episodes` holds what the source said about it: [[start, end or null, whether a firing notice came], …]. A new start while
    it fires continues the row; only an end closes it (`detection.episodes`).
    """

    class Status(models.TextChoices):
        FIRING = "firing", pgettext_lazy("alert", "Firing")
        RESOLVED = "resolved", pgettext_lazy("alert", "Ended")

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="alerts")
    fingerprint = models.CharField(max_length=64)
    status = models.CharField(max_length=8, choices=Status.choices)
    is_firing = models.BooleanField()  # the same as `status`: lists run one way, and firing ones come first
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    episodes = models.JSONField(default=list)
    fired = models.BooleanField(default=True)  # False: only its end was heard of so far
    name = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    url = models.CharField(max_length=2000, blank=True)
    labels = models.JSONField(default=dict)
    label_text = models.TextField(blank=True)  # the labels as words, for search
    annotations = models.JSONField(default=dict)
    links = models.JSONField(default=list, db_default=models.Value([], output_field=models.JSONField()))  # [{"href", "text", "image"}, …]
    acknowledged_at = models.DateTimeField(null=True)  # its source says that somebody works on it (docs/decisions/0012)
    severity = models.CharField(max_length=2, choices=Severity.choices)
    service = models.ForeignKey(Service, null=True, on_delete=models.PROTECT, related_name="alerts")
    group = models.ForeignKey(AlertGroup, null=True, on_delete=models.PROTECT, related_name="alerts")
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT, related_name="alerts")
    silence = models.ForeignKey(Silence, null=True, on_delete=models.SET_NULL, related_name="alerts")  # it leads nowhere because of this one
    why = models.JSONField(default=dict)  # kinds and data, never sentences (`detection.why`)
    received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "fingerprint", "starts_at"], name="alert_once"),
            models.UniqueConstraint(fields=["source", "fingerprint"], condition=Q(status="firing"), name="alert_firing_once"),
            models.CheckConstraint(
                condition=Q(status="firing", is_firing=True, ends_at__isnull=True) | Q(status="resolved", is_firing=False, ends_at__isnull=False),
                name="alert_ended_has_end",
            ),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="alert_severity_known"),
        ]
        indexes = [
            # The list: firing first, newest first, keyset by (is_firing, received_at, id).
            models.Index(fields=["-is_firing", "-received_at", "-id"], name="alert_newest"),
            # How many of an incident's, a group's alerts still fire; both foreign keys have an index for all rows.
            models.Index(fields=["incident"], name="alert_firing_of_incident", condition=Q(status="firing")),
            models.Index(fields=["group"], name="alert_firing_of_group", condition=Q(status="firing")),
            # What a silence hides now, and what is to be placed once it is over.
            models.Index(fields=["silence"], name="alert_firing_of_silence", condition=Q(status="firing", silence__isnull=False)),
            # Those of no service that a person could map: what fires, and what ended lately. Beginning with the service, or SQLite takes the key's own index.
            models.Index(fields=["service", "is_firing"], name="alert_unrouted_firing", condition=Q(status="firing", service=None)),
            models.Index(fields=["service", "ends_at"], name="alert_unrouted_ended", condition=Q(status="resolved", service=None)),
            # Pruning by end.
            models.Index(fields=["ends_at"], name="alert_ended", condition=Q(status="resolved")),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The alert's page."""
        return f"/alerts/{self.pk}/"

    @property
    def unknown_service(self) -> dict[str, Any] | None:
        """The label that named a service nobody knows, or None."""
        said = self.why.get("service", {})
        return said if self.service_id is None and said.get("from") == "unknown" else None


class Candidate(models.Model):
    """A P3 group that waits for a person's yes: no number, no clocks; withdrawn when it recovers by itself."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        WITHDRAWN = "withdrawn", _("Recovered")
        ACCEPTED = "accepted", _("Accepted")
        DISMISSED = "dismissed", _("Dismissed")
        JOINED = "joined", _("Part of an incident")  # a graver alert of its group declared one

    group = models.OneToOneField(AlertGroup, on_delete=models.PROTECT, related_name="candidate")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    title = models.CharField(max_length=200)
    severity = models.CharField(max_length=2, choices=Severity.choices)
    service = models.ForeignKey(Service, null=True, on_delete=models.PROTECT, related_name="+")
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT, related_name="candidates")
    began_at = models.DateTimeField()
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    why = models.JSONField(default=dict, db_default=models.Value({}, output_field=models.JSONField()))  # of what no person settled: the mapping

    objects = CandidateQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            # The board and the list: what waits, newest first.
            models.Index(fields=["-created_at", "-id"], name="candidate_waiting", condition=Q(status="waiting")),
        ]

    def __str__(self) -> str:
        return self.title
