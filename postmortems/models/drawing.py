"""A PDF, kept under a hash of what it was drawn from."""

from django.db import models
from django.db.models import Q

from lib.leases import Leased
from postmortems.models.postmortem import Postmortem


class Drawing(Leased):
    """Asked for, then drawn by the sweep; a document that changes asks for another. Nothing that cannot be drawn again."""

    key = models.CharField(max_length=64, unique=True)  # of engine, stylesheet and page
    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="drawings")
    html = models.TextField()  # until it is drawn
    asked_at = models.DateTimeField()
    content = models.BinaryField(null=True)
    made_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            # The sweep: asked for and not drawn, in order.
            models.Index(fields=["asked_at"], name="drawing_waiting", condition=Q(content=None, error="")),
        ]

    def __str__(self) -> str:
        return f"PDF of {self.postmortem_id}"
