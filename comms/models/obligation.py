"""What we owe to an audience by when, and what must be told to many."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents.models import Incident, TimelineEntry
from incidents.querysets import VisibleThroughIncident
from lib.leases import Leased


class Audience(models.TextChoices):
    """Who hears of an incident."""

    WAR_ROOM = "war_room", _("War room")
    STATUS_PAGE = "status_page", _("Status page")
    USERS = "users", _("Users")


OUTSIDE = (Audience.STATUS_PAGE, Audience.USERS)  # owed from *confirmed* on; told by publishing, not by a `comms.update`


class Obligation(models.Model):
    """An update owed to an audience: at most one is open per incident and audience. The war room is owed one while the incident
    asks for updates, an audience outside until it was told, and then what it was promised."""

    class Because(models.TextChoices):
        CADENCE = "cadence", _("the playbook's rhythm")
        PROMISE = "promise", _("it was promised")
        CONDITION = "condition", _("a condition came true")

    class Closing(models.TextChoices):
        KEPT = "kept", _("kept")
        MISSED = "missed", _("missed")
        ENDED = "ended", _("no longer owed")
        REPLANNED = "replanned", _("planned anew")
        MERGED = "merged", _("handed over")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="obligations")
    audience = models.CharField(max_length=20, choices=Audience.choices, default=Audience.WAR_ROOM)
    since = models.DateTimeField()  # what the cadence counts from: the last update, else the start
    due_at = models.DateTimeField()
    because = models.CharField(max_length=10, choices=Because.choices, default=Because.CADENCE)
    opened_at = models.DateTimeField()
    kept_by = models.ForeignKey(TimelineEntry, null=True, on_delete=models.PROTECT, related_name="+")
    missed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closing = models.CharField(max_length=10, choices=Closing.choices, blank=True)

    objects = VisibleThroughIncident.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [models.UniqueConstraint(fields=["incident", "audience"], condition=Q(closed_at=None), name="obligation_open_once")]
        # The sweep, the board and the list: what is open by due time.
        indexes = [models.Index(fields=["due_at", "id"], name="obligation_due", condition=Q(closed_at=None))]

    def __str__(self) -> str:
        return f"{self.audience} of {self.incident_id} due {self.due_at:%Y-%m-%d %H:%M}"


class Fanout(Leased):
    """Something to be told to many: one row in the transaction of its entry, turned into deliveries by `sweeps.fan_out`."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="fanouts")
    entry = models.ForeignKey(TimelineEntry, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)  # of the message catalogue
    params = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    people = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "kind"], name="fanout_once")]
        # The sweep: not done yet, oldest first.
        indexes = [models.Index(fields=["not_before"], name="fanout_waiting", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return f"{self.kind} of {self.incident_id}"
