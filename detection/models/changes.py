"""What was changed about services: deployments, switches, configuration – what one looks at first when something breaks."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from detection.models.sources import Source
from incidents.models import Service


class Change(models.Model):
    """One change, told by a source or by a person's token."""

    service = models.ForeignKey(Service, null=True, on_delete=models.CASCADE, related_name="changes")
    source = models.ForeignKey(Source, null=True, on_delete=models.SET_NULL, related_name="changes")
    told_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(_("kind"), max_length=40)
    summary = models.CharField(_("summary"), max_length=1024)
    origin = models.CharField(max_length=200, blank=True)  # where it happened, in the sender's words
    links = models.JSONField(default=list)  # [{"href", "text", "image"}, …]
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    digest = models.CharField(max_length=64, null=True, unique=True)  # of an event that names its time: sent again it is the same change

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            # All changes, newest first, keyset by (at, id); and pruning.
            models.Index(fields=["-at", "-id"], name="change_newest"),
            # A service's newest: its list, and what stands beside an alert and an incident.
            models.Index(fields=["service", "-at", "-id"], name="change_of_service"),
        ]

    def __str__(self) -> str:
        return self.summary
