"""Effects that wait for a person's word."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Hold(models.Model):
    """After a restore nothing that was waiting goes out by itself (design.md "Retention"). At most one is open."""

    class Decision(models.TextChoices):
        SEND = "send", _("Sent")
        DROP = "drop", _("Dropped")

    since = models.DateTimeField()  # when it was restored
    as_of = models.DateTimeField()  # the moment that was restored
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=4, choices=Decision.choices, blank=True)

    class Meta:
        ordering = ["-since"]
        # The open ones are all without a decision, so there is one at most.
        constraints = [models.UniqueConstraint(fields=["decision"], condition=Q(ended_at=None), name="hold_open_once")]

    def __str__(self) -> str:
        return f"held since {self.since:%Y-%m-%d %H:%M}"
