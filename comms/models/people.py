"""How to reach a person."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class ContactMethod(models.Model):
    """One way to reach a person. Used once verified, in `order`, until the provider says that the address is gone."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="contact_methods")
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=254)
    order = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    verified_at = models.DateTimeField(null=True)
    code_hash = models.CharField(max_length=64, blank=True)
    code_sent_at = models.DateTimeField(null=True)
    code_tries = models.PositiveSmallIntegerField(default=0)
    codes_sent = models.PositiveSmallIntegerField(default=0)
    suppressed_at = models.DateTimeField(null=True)
    suppressed_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["person", "channel", "address"], name="contact_method_once")]
        # Recipients of a message: the usable ones of many people.
        indexes = [models.Index(fields=["person", "channel"], name="contact_method_usable", condition=Q(verified_at__isnull=False, suppressed_at=None))]

    def __str__(self) -> str:
        return f"{self.channel}: {self.address}"

    @property
    def is_usable(self) -> bool:
        """Whether messages go there."""
        return self.verified_at is not None and self.suppressed_at is None
