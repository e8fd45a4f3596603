"""A picture that somebody pasted into the story."""

from django.conf import settings
from django.db import models

from incidents.models.incident import Incident
from incidents.querysets import VisibleThroughIncident


class Picture(models.Model):
    """What an entry shows by its digest: the chain that covers the entry's words covers the picture too. A redaction deletes it."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="pictures")
    digest = models.CharField(max_length=64)  # sha256 of the content
    kind = models.CharField(max_length=20)  # told by the content, never by the sender: "image/png"
    content = models.BinaryField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = VisibleThroughIncident.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "digest"], name="picture_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:12]} of {self.incident_id}"
