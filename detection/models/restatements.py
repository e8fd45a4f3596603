"""What is to be set right since a label has another meaning."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from detection.models.sources import Mapping
from lib.leases import Leased


class Restatement(Leased):
    """One walk over the alerts that a mapping concerns, in the order of their keys; asked for again it begins anew (docs/decisions/0016)."""

    mapping = models.OneToOneField(Mapping, on_delete=models.CASCADE, related_name="restatement")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    not_before = models.DateTimeField()
    position = models.BigIntegerField(default=0)  # the last alert that is done with
    total = models.PositiveIntegerField(default=0)  # counted when it was asked for
    looked = models.PositiveIntegerField(default=0)  # how many are done with
    error = models.TextField(blank=True)  # of one that could not be set right: all are looked at again, later
    done_at = models.DateTimeField(null=True)

    class Meta:
        # The sweep, and what pages show as under way: not done yet, the oldest first.
        indexes = [models.Index(fields=["not_before"], name="restatement_waiting", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return f"{self.mapping_id}: {self.looked} of {self.total}"
