"""What people keep quiet for a while: alerts by their labels, or a whole source in a storm."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from detection.models.sources import Source
from detection.querysets import SilenceQuerySet


class Silence(models.Model):
    """Alerts that match it are stored and lead nowhere until it is over; then those that still fire are placed (docs/decisions/0015).

    `matchers` holds [{"label", "op", "value"}, …], all of which must match; without any it is a hold: all that its source sends.
    """

    class State(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("silence", "Active")
        PENDING = "pending", pgettext_lazy("silence", "Coming")
        OVER = "over", pgettext_lazy("silence", "Over")

    matchers = models.JSONField(default=list)
    source = models.ForeignKey(Source, null=True, on_delete=models.CASCADE, related_name="silences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()  # when it is over, whether by time or by hand
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    ended_early_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    ended_early_at = models.DateTimeField(null=True)

    objects = SilenceQuerySet.as_manager()

    class Meta:
        ordering = ["-ends_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gte=F("starts_at")), name="silence_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(ended_early_at=None) | Q(ended_early_at=F("ends_at")), name="silence_ended_early_is_over"),
        ]
        indexes = [
            # Those in force, asked with every request of alerts; and the list by end.
            models.Index(fields=["-ends_at", "-id"], name="silence_by_end"),
        ]

    def __str__(self) -> str:
        said = ", ".join(f"{one['label']} {one['op']} {one['value']}" for one in self.matchers)
        return " · ".join(part for part in (self.source.name if self.source else "", said) if part)

    def get_absolute_url(self) -> str:
        """Where it stands in the list."""
        return f"/silences/#silence-{self.pk}"

    @property
    def is_hold(self) -> bool:
        """Whether it holds all that a source sends."""
        return not self.matchers

    def state(self, now: datetime) -> "Silence.State":
        """Whether it is coming, active or over."""
        if self.ends_at <= now:
            return Silence.State.OVER
        return Silence.State.PENDING if self.starts_at > now else Silence.State.ACTIVE

    def facts(self) -> dict[str, Any]:
        """What the audit trail keeps of it."""
        return {
            "matchers": self.matchers,
            "source": self.source.slug if self.source else None,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "comment": self.comment,
        }
