"""The public face of an incident: its post, the updates published on it, and the draft that waits for a person."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models import Incident
from incidents.querysets import VisibleThroughIncident
from lib import append_only
from lib.i18n import LocalizedTextField, pick
from statuspage import codes


class Kind(models.TextChoices):
    """What an update says of the incident."""

    INVESTIGATING = "investigating", pgettext_lazy("public update", "Investigating")
    IDENTIFIED = "identified", pgettext_lazy("public update", "Identified")
    MONITORING = "monitoring", pgettext_lazy("public update", "Monitoring")
    RESOLVED = "resolved", pgettext_lazy("public update", "Resolved")
    CORRECTION = "correction", pgettext_lazy("public update", "Correction")
    WITHDRAWN = "withdrawn", pgettext_lazy("public update", "Withdrawn")


class Status(models.TextChoices):
    """Where a post stands, in Atlassian Statuspage's words."""

    INVESTIGATING = "investigating", pgettext_lazy("public update", "Investigating")
    IDENTIFIED = "identified", pgettext_lazy("public update", "Identified")
    MONITORING = "monitoring", pgettext_lazy("public update", "Monitoring")
    RESOLVED = "resolved", pgettext_lazy("public update", "Resolved")
    POSTMORTEM = "postmortem", _("Post-mortem published")


class Post(models.Model):
    """What the public reads of an incident. It exists from the first published update on; `publishing` alone writes it."""

    class Impact(models.TextChoices):
        NONE = "none", pgettext_lazy("public impact", "None")
        MINOR = "minor", pgettext_lazy("public impact", "Minor")
        MAJOR = "major", pgettext_lazy("public impact", "Major")
        CRITICAL = "critical", pgettext_lazy("public impact", "Critical")

    code = models.CharField(max_length=12, unique=True, default=codes.new)
    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="post")
    title = LocalizedTextField()  # public words of its own, never the incident's title
    impact = models.CharField(max_length=8, choices=Impact.choices, default=Impact.MINOR)
    status = models.CharField(max_length=13, choices=Status.choices, default=Status.INVESTIGATING)
    is_withdrawn = models.BooleanField(default=False)
    shows_reference = models.BooleanField(default=False)  # whether the incident's reference stands on it
    components = models.JSONField(default=dict)  # {service slug: state}: what it says of them now
    last_number = models.PositiveIntegerField(default=0)  # of its newest update; whoever publishes says which one was seen
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    postmortem = LocalizedTextField(blank=True)  # the redacted report in Markdown, once it is published outside
    postmortem_at = models.DateTimeField(null=True)

    objects = VisibleThroughIncident.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            # The page: those that are open.
            models.Index(fields=["created_at"], name="post_open", condition=Q(resolved_at=None, is_withdrawn=False)),
            # The list and the history: newest first, keyset by (created_at, id).
            models.Index(fields=["-created_at", "-id"], name="post_newest"),
        ]

    def __str__(self) -> str:
        return pick(self.title)

    @property
    def is_open(self) -> bool:
        """Whether it still tells of something that goes on."""
        return self.resolved_at is None and not self.is_withdrawn


class PostUpdate(models.Model):
    """One published update, for ever as it was published: `paragraphs` are what the public reads."""

    code = models.CharField(max_length=12, unique=True, default=codes.new)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="updates")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=13, choices=Kind.choices)
    status = models.CharField(max_length=13, choices=Status.choices)  # where the post stood after it
    words = models.JSONField(default=dict)  # the phrases and free words that the paragraphs were made of
    paragraphs = models.JSONField(default=dict)  # {"en": [...], "zh-hans": [...]}
    components = models.JSONField(default=dict)  # {service slug: state}: what the post says of them from then on
    next_at = models.DateTimeField(null=True)  # when it promised to say more
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")  # None: by the playbook's rule
    accepted = models.JSONField(default=list)  # words of the word list that a person published all the same

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["post", "number"], name="post_update_once")]

    def __str__(self) -> str:
        return f"{self.post_id}#{self.number} {self.kind}"


append_only.protect(PostUpdate)


class Draft(models.Model):
    """What lies ready to be published on an incident and waits for a person; one at a time, gone once it is published or dropped."""

    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="public_draft")
    kind = models.CharField(max_length=13, choices=Kind.choices)
    title = LocalizedTextField(blank=True)
    words = models.JSONField(default=dict)
    components = models.JSONField(default=dict)
    base_number = models.PositiveIntegerField(default=0)  # the newest update that it was written after
    made_at = models.DateTimeField()
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")  # None: as the portal prepared it
    edited_at = models.DateTimeField(null=True)

    objects = VisibleThroughIncident.as_manager()

    def __str__(self) -> str:
        return f"draft of {self.incident_id}: {self.kind}"
