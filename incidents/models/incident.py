"""The incident itself, who works on it, what it hits and who may see a private one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.playbook import PlaybookVersion, Service, Severity, Team
from incidents.querysets import IncidentQuerySet, VisibleThroughIncident


class State(models.TextChoices):
    """Where an incident stands; what may follow is `lifecycle.TRANSITIONS`."""

    DECLARED = "declared", pgettext_lazy("state", "Declared")
    CONFIRMED = "confirmed", pgettext_lazy("state", "Confirmed")
    DIAGNOSING = "diagnosing", pgettext_lazy("state", "Diagnosing")
    FIXING = "fixing", pgettext_lazy("state", "Fixing")
    ROLLING_BACK = "rolling_back", pgettext_lazy("state", "Rolling back")
    VERIFYING = "verifying", pgettext_lazy("state", "Verifying")
    WATCHING = "watching", pgettext_lazy("state", "Watching")
    RESOLVED = "resolved", pgettext_lazy("state", "Resolved")
    CLOSED = "closed", pgettext_lazy("state", "Closed")
    DISMISSED = "dismissed", pgettext_lazy("state", "Dismissed")
    MERGED = "merged", pgettext_lazy("state", "Merged")


OPEN_STATES = (State.DECLARED, State.CONFIRMED, State.DIAGNOSING, State.FIXING, State.ROLLING_BACK, State.VERIFYING, State.WATCHING)
MILESTONES = ("began", "detected", "declared", "acknowledged", "confirmed", "mitigated", "resolved", "closed")


class Role(models.TextChoices):
    """Parts people play in one incident (`manual.md §2`)."""

    COMMANDER = "commander", _("Incident commander")
    BACKUP = "backup", _("Backup commander")
    SCRIBE = "scribe", _("Scribe")
    OPERATIONS = "operations", _("Operations lead")
    APPLICATION = "application", _("Application lead")
    DATABASE = "database", _("Database lead")
    SECURITY = "security", _("Security lead")
    SUPPORT = "support", _("Support lead")
    PRODUCT = "product", _("Product lead")
    MEDIA = "media", _("Media lead")


class Incident(models.Model):
    """One incident. `lifecycle.py` alone changes state, severity and roles; `timeline.record` alone moves `last_seq`."""

    reference = models.CharField(max_length=24, unique=True)  # INC-2026-007, DRILL-2026-001
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.DECLARED)
    severity = models.CharField(max_length=2, choices=Severity.choices)
    highest_severity = models.CharField(max_length=2, choices=Severity.choices)
    severity_by_commander = models.BooleanField(default=False)  # from then on machines only advise
    is_private = models.BooleanField(default=False)
    is_drill = models.BooleanField(default=False)
    is_imported = models.BooleanField(default=False)
    playbook = models.ForeignKey(PlaybookVersion, on_delete=models.PROTECT, related_name="incidents")
    users_affected = models.PositiveIntegerField(null=True)
    users_affected_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=80, blank=True)  # what declared it: "web", "api", "detection:<source>"

    began_at = models.DateTimeField()
    detected_at = models.DateTimeField()  # T0 of every step; never moves with severity
    declared_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    mitigated_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    acknowledged_until = models.DateTimeField(null=True)  # the lease: without a sign of life by then somebody is asked
    acknowledgement_asked_at = models.DateTimeField(null=True)
    recovered_at = models.DateTimeField(null=True)  # "recovered by itself", waiting for a look
    look_due_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged_from")
    related_to = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="related")

    last_seq = models.PositiveIntegerField(default=0)
    last_hash = models.CharField(max_length=64, blank=True)
    moved_at = models.DateTimeField()  # the newest entry's time: what the live hub and the list's order look at

    services = models.ManyToManyField(Service, through="Impact", related_name="incidents")

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-declared_at", "-id"]
        indexes = [
            # The list: newest first, keyset by (declared_at, id).
            models.Index(fields=["-declared_at", "-id"], name="incident_newest"),
            # The board and every sweep: open ones only.
            models.Index(fields=["severity", "declared_at"], name="incident_open", condition=Q(state__in=[str(s) for s in OPEN_STATES])),
            # The list as it opens: open ones alone, newest first, however long the history behind them.
            models.Index(fields=["-declared_at", "-id"], name="incident_open_newest", condition=Q(state__in=[str(s) for s in OPEN_STATES])),
            # The live hub: what moved since its last look.
            models.Index(fields=["moved_at"], name="incident_moved"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="incident_state_known"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values) & Q(highest_severity__in=Severity.values), name="incident_severity_known"),
            models.CheckConstraint(condition=Q(state="merged", merged_into__isnull=False) | ~Q(state="merged"), name="incident_merged_into"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        """Before resolved."""
        return self.state in OPEN_STATES

    def get_absolute_url(self) -> str:
        """The incident's page."""
        return f"/incidents/{self.reference}/"


class ReferenceCounter(models.Model):
    """The last number given out per prefix and year; its row is the lock that keeps numbers gapless."""

    prefix = models.CharField(max_length=8)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prefix", "year"], name="reference_counter_once")]

    def __str__(self) -> str:
        return f"{self.prefix}-{self.year}-{self.last:03d}"


class Impact(models.Model):
    """A service that an incident hits, and how badly."""

    class Level(models.TextChoices):
        DEGRADED = "degraded", _("Degraded")
        PARTIAL = "partial", _("Partly affected")
        OUTAGE = "outage", _("Outage")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="impacts")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="impacts")
    level = models.CharField(max_length=10, choices=Level.choices, default=Level.PARTIAL)

    objects = VisibleThroughIncident.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "service"], name="impact_once")]

    def __str__(self) -> str:
        return f"{self.service_id} in {self.incident_id}"


class RoleAssignment(models.Model):
    """Who plays a part, from when to when; history is kept."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="assignments")
    role = models.CharField(max_length=12, choices=Role.choices)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    objects = VisibleThroughIncident.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "role"], condition=Q(until__isnull=True), name="role_held_by_one")]

    def __str__(self) -> str:
        return f"{self.role} of {self.incident_id}"


class Grant(models.Model):
    """Who may see a private incident: a person or a team; a broken glass is a grant that says so."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="grants")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="+")
    broke_glass = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(person__isnull=False, team__isnull=True) | Q(person__isnull=True, team__isnull=False), name="grant_to_one"),
            models.UniqueConstraint(fields=["incident", "person"], condition=Q(person__isnull=False), name="grant_person_once"),
            models.UniqueConstraint(fields=["incident", "team"], condition=Q(team__isnull=False), name="grant_team_once"),
        ]

    def __str__(self) -> str:
        return f"grant on {self.incident_id}"
