"""When people work: hours by weekday, holidays, make-up days."""

from django.db import models
from django.db.models import Q

from lib.i18n import LocalizedTextField


class Calendar(models.Model):
    """Working time of a place. Exactly one is the default."""

    slug = models.SlugField(unique=True)
    name = LocalizedTextField()
    time_zone = models.CharField(max_length=60)
    hours = models.JSONField(default=dict)  # {"mon": [["09:00", "18:00"]], …}; days left out are free
    days = models.JSONField(default=dict)  # {"2026-10-01": {"working": false, "name": "National Day"}}; "hours" where they differ
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ["slug"]
        # calendars.default() needs one answer.
        constraints = [models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="accounts_calendar_one_default")]

    def __str__(self) -> str:
        return self.slug
