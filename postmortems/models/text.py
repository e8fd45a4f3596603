"""The words of a post-mortem: sections in versions, what is being written, and which entries the timeline shows."""

from django.conf import settings
from django.db import models

from incidents.models import TimelineEntry
from lib import append_only
from lib.i18n import LocalizedTextField, pick
from postmortems.models.postmortem import Postmortem
from postmortems.querysets import VisibleThroughPostmortem


class Section(models.Model):
    """A part of the document that people write; title and hint as the playbook had them when it was opened."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="sections")
    key = models.CharField(max_length=60)
    chapter = models.CharField(max_length=60)  # "root_cause", "impact", ...: sections of one chapter stand under one heading
    title = LocalizedTextField()
    hint = LocalizedTextField(blank=True)
    is_required = models.BooleanField(default=False)  # not empty when it goes to review
    position = models.PositiveSmallIntegerField(default=0)
    number = models.PositiveIntegerField(default=0)  # of the version in force; 0 while nothing was written
    text = models.TextField(blank=True)  # Markdown of that version

    objects = VisibleThroughPostmortem.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["postmortem", "key"], name="section_once")]

    def __str__(self) -> str:
        return pick(self.title)


class SectionVersion(models.Model):
    """One state of a section; never changed."""

    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")  # None: the portal's draft
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    note = models.CharField(max_length=500, blank=True)  # why it was changed after publication

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["section", "number"], name="section_version_once")]

    def __str__(self) -> str:
        return f"{self.section_id} v{self.number}"


append_only.protect(SectionVersion)


class Writing(models.Model):
    """What somebody is typing and has not saved: kept against a lost connection, and the sign that they are at it."""

    section = models.ForeignKey(Section, on_delete=models.CASCADE, related_name="writings")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    base = models.PositiveIntegerField()  # the version it began from
    text = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["section", "person"], name="writing_once")]

    def __str__(self) -> str:
        return f"{self.person_id} at {self.section_id}"


class TimelineChoice(models.Model):
    """What a person decided about one entry of the timeline table: shown though the portal would leave it out, hidden, or reworded."""

    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="choices")
    entry = models.ForeignKey(TimelineEntry, on_delete=models.PROTECT, related_name="+")
    is_shown = models.BooleanField(default=True)
    text = models.TextField(blank=True)  # instead of the entry's own words; "" keeps them

    objects = VisibleThroughPostmortem.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["postmortem", "entry"], name="timeline_choice_once")]

    def __str__(self) -> str:
        return f"choice on {self.entry_id}"
