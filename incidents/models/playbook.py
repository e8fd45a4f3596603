"""Playbook versions, and the rows that project the newest one: groups, services, teams."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from incidents.querysets import ServiceQuerySet
from lib.i18n import LocalizedTextField, pick


class Severity(models.TextChoices):
    """The four grades (`manual.md §1`); what each means is in the playbook."""

    P1 = "P1", "P1"
    P2 = "P2", "P2"
    P3 = "P3", "P3"
    P4 = "P4", "P4"

    @property
    def rank(self) -> int:
        """1 for the gravest."""
        return int(self.value[1])


class PlaybookVersion(models.Model):
    """One immutable state of all rules. An incident runs under the version of its declaration."""

    number = models.PositiveIntegerField(unique=True)
    content = models.JSONField()  # {section: {key: item}}: what is in force
    shipped = models.JSONField()  # the shipped content that was last merged in: the base of the next three-way load
    digest = models.CharField(max_length=64)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"playbook {self.number}"

    @property
    def said(self) -> str:
        """The note in the reader's words, where the portal wrote it."""
        return {"shipped": _("as shipped"), "file": _("from a file")}.get(self.note, self.note)


class Team(models.Model):
    """A response team (`manual.md §2`)."""

    slug = models.SlugField(unique=True)
    name = LocalizedTextField()
    duty = LocalizedTextField(blank=True)
    lead_title = LocalizedTextField(blank=True)
    channel = models.CharField(max_length=100, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    archived = models.BooleanField(default=False)

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return pick(self.name)


class Membership(models.Model):
    """A person in a team; the lead is called first."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    is_lead = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "person"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.person} in {self.team}"


class ServiceGroup(models.Model):
    """Core, data, monitoring (`manual.md §8`)."""

    slug = models.SlugField(unique=True)
    name = LocalizedTextField()
    position = models.PositiveSmallIntegerField(default=0)
    archived = models.BooleanField(default=False)

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return pick(self.name)


class Service(models.Model):
    """Something that can break, with its recovery objectives (`manual.md §8`)."""

    slug = models.SlugField(unique=True)
    name = LocalizedTextField()
    description = LocalizedTextField(blank=True)
    group = models.ForeignKey(ServiceGroup, null=True, on_delete=models.SET_NULL, related_name="services")
    owner = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="services")
    depends_on = models.ManyToManyField("self", symmetrical=False, related_name="dependents", blank=True)
    rto_seconds = models.PositiveIntegerField(null=True)
    rpo_seconds = models.PositiveIntegerField(null=True)
    availability_percent = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    dashboard_url = models.URLField(blank=True)
    logs_url = models.URLField(blank=True)
    traces_url = models.URLField(blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    archived = models.BooleanField(default=False)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return pick(self.name)


class RecoveryPoint(models.Model):
    """A moment to which a service's data can be brought back, as reported by a backup job."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="recovery_points")
    at = models.DateTimeField()
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reported_at = models.DateTimeField()

    class Meta:
        # The newest one of a service before an incident began: RPO exposure.
        indexes = [models.Index(fields=["service", "-at"], name="recovery_point_newest")]

    def __str__(self) -> str:
        return f"{self.service_id} {self.at:%Y-%m-%d %H:%M}"
