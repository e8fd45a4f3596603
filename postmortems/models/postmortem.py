"""The post-mortem itself and who reviews it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from incidents.models import Incident
from lib.i18n import LocalizedTextField
from postmortems.querysets import UNFINISHED, PostmortemQuerySet, VisibleThroughPostmortem


class Postmortem(models.Model):
    """What was learnt from one incident (`manual.md §9`). `lifecycle` alone changes its state."""

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("post-mortem", "Draft")
        IN_REVIEW = "in_review", pgettext_lazy("post-mortem", "In review")
        APPROVED = "approved", pgettext_lazy("post-mortem", "Approved")
        PUBLISHED = "published", pgettext_lazy("post-mortem", "Published")
        WAIVED = "waived", pgettext_lazy("post-mortem", "Waived")

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="postmortem")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="postmortems")
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")  # None: by resolving
    due_at = models.DateTimeField(null=True)  # when the report is due; the stages themselves are steps of the incident
    submitted_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    edition = models.PositiveIntegerField(default=0)  # 1 once published; raised by each change after that
    next_review_on = models.DateField(null=True)
    waived_at = models.DateTimeField(null=True)
    waived_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    waived_because = models.TextField(blank=True)
    public_text = LocalizedTextField(blank=True)  # the redacted version, Markdown by language
    published_outside_at = models.DateTimeField(null=True)
    published_outside_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=0)  # raised by each change: ETag, and what a reviewer has read

    objects = PostmortemQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at", "-id"]
        indexes = [
            # The list: newest first, keyset by (opened_at, id).
            models.Index(fields=["-opened_at", "-id"], name="postmortem_newest"),
            # The list as it opens, and what is late.
            models.Index(fields=["due_at"], name="postmortem_unfinished", condition=Q(state__in=UNFINISHED)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["draft", "in_review", "approved", "published", "waived"]), name="postmortem_state_known"),
            models.CheckConstraint(condition=~Q(state="published") | Q(published_at__isnull=False, edition__gte=1), name="postmortem_published_when"),
            models.CheckConstraint(condition=~Q(state="waived") | (Q(waived_at__isnull=False) & ~Q(waived_because="")), name="postmortem_waived_why"),
        ]

    def __str__(self) -> str:
        return f"post-mortem of {self.incident_id}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/postmortems/{self.incident.reference}/"

    @property
    def is_finished(self) -> bool:
        """Published or waived: nothing stands against closing the incident."""
        return self.state not in UNFINISHED


class Review(models.Model):
    """What one reviewer says of it; asked anew at each submission."""

    class Verdict(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("review", "Waiting")
        APPROVED = "approved", pgettext_lazy("review", "Approved")
        RETURNED = "returned", pgettext_lazy("review", "Returned")

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="reviews")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices, default=Verdict.WAITING)
    asked_at = models.DateTimeField()
    said_at = models.DateTimeField(null=True)
    comment = models.TextField(blank=True)

    objects = VisibleThroughPostmortem.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["postmortem", "person"], name="review_once")]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.person_id}"
