"""The parts of the public page that have a state, and the history of what the page said of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models import Service, ServiceGroup
from lib import append_only
from lib.i18n import LocalizedTextField, pick
from statuspage import codes


class ComponentState(models.TextChoices):
    """How a component does, in Atlassian Statuspage's words; from the best to the worst, maintenance beside them."""

    OPERATIONAL = "operational", pgettext_lazy("component", "Operational")
    MAINTENANCE = "under_maintenance", _("Under maintenance")
    DEGRADED = "degraded_performance", _("Degraded performance")
    PARTIAL = "partial_outage", _("Partial outage")
    MAJOR = "major_outage", _("Major outage")

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(ComponentState).index(self)


class Component(models.Model):
    """A service as the public sees it: the projection of the playbook's sections “services” and “components”.

    `state` is what the public reads now: the worst that open posts say, else `set_state`, what a person set by hand.
    """

    code = models.CharField(max_length=12, unique=True, default=codes.new)
    service = models.OneToOneField(Service, on_delete=models.PROTECT, related_name="component")
    name = LocalizedTextField()
    description = LocalizedTextField(blank=True)
    group = models.ForeignKey(ServiceGroup, null=True, on_delete=models.SET_NULL, related_name="components")
    position = models.PositiveIntegerField(default=0)
    is_shown = models.BooleanField(default=True)  # neither hidden by the team nor archived with its service
    state = models.CharField(max_length=20, choices=ComponentState.choices, default=ComponentState.OPERATIONAL)
    since = models.DateTimeField()
    set_state = models.CharField(max_length=20, choices=ComponentState.choices, default=ComponentState.OPERATIONAL)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ComponentState.values) & Q(set_state__in=ComponentState.values), name="component_state_known"),
        ]

    def __str__(self) -> str:
        return pick(self.name)

    @property
    def slug(self) -> str:
        """Its service's."""
        return self.service.slug


class ComponentChange(models.Model):
    """From `at` on the public read `state`; the bars of 90 days are drawn from these rows."""

    component = models.ForeignKey(Component, on_delete=models.PROTECT, related_name="changes")
    state = models.CharField(max_length=20, choices=ComponentState.choices)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    post = models.CharField(max_length=12, blank=True)  # the code of the post that caused it; "" by hand

    class Meta:
        ordering = ["at", "id"]
        # A component's history in order: the bars, and the newest before a day.
        indexes = [models.Index(fields=["component", "at", "id"], name="component_change_history")]

    def __str__(self) -> str:
        return f"{self.component_id} {self.state} {self.at:%Y-%m-%d %H:%M}"


append_only.protect(ComponentChange)
