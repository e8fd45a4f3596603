"""What is to be done so that it does not happen again."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from incidents.models import Team
from postmortems.models.postmortem import Postmortem
from postmortems.querysets import ActionItemQuerySet


class ActionItem(models.Model):
    """One of the action items of a post-mortem (`manual.md §9`): owned by a person or a team, due, with what counts as done."""

    class Horizon(models.TextChoices):
        IMMEDIATE = "immediate", pgettext_lazy("horizon", "Immediate")  # 1 week
        SHORT = "short", pgettext_lazy("horizon", "Short term")  # 1 month
        LONG = "long", pgettext_lazy("horizon", "Long term")  # 3 months

    class Priority(models.TextChoices):
        HIGH = "high", pgettext_lazy("priority", "High")
        MEDIUM = "medium", pgettext_lazy("priority", "Medium")
        LOW = "low", pgettext_lazy("priority", "Low")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("action item", "Open")
        DONE = "done", pgettext_lazy("action item", "Done")
        DROPPED = "dropped", pgettext_lazy("action item", "Dropped")

    postmortem = models.ForeignKey(Postmortem, on_delete=models.PROTECT, related_name="actions")
    title = models.CharField(max_length=300)
    horizon = models.CharField(max_length=10, choices=Horizon.choices, default=Horizon.IMMEDIATE)
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.MEDIUM)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="action_items")
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="action_items")
    due_on = models.DateField()
    acceptance = models.TextField(blank=True)  # what must be true for it to be done
    ticket_url = models.URLField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    settled_at = models.DateTimeField(null=True)  # when it was done or dropped
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    dropped_because = models.TextField(blank=True)
    late_at = models.DateTimeField(null=True)  # when the miss was recorded; once
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    number = models.PositiveIntegerField(default=0)  # raised by each change: who edits an older one is told

    objects = ActionItemQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        indexes = [
            # The page of all: by day due, keyset by (due_on, id).
            models.Index(fields=["due_on", "id"], name="action_item_by_due"),
            # The sweep: open, past due, and not yet recorded as late.
            models.Index(fields=["due_on"], name="action_item_lapsing", condition=Q(state="open", late_at=None)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(owner=None) | Q(team=None), name="action_item_one_owner"),
            models.CheckConstraint(condition=~Q(state="dropped") | ~Q(dropped_because=""), name="action_item_dropped_why"),
        ]

    def __str__(self) -> str:
        return self.title
