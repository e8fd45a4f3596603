"""The act that detection offers on an incident."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from detection import splitting
from detection.models import Alert
from incidents.acts import Act, register
from incidents.forms import AboutIncident
from incidents.models import Incident, Severity

OFFERED = 200  # alerts of an incident to choose from


class SplitForm(AboutIncident):
    """Which alerts are another incident, and why."""

    alerts = forms.ModelMultipleChoiceField(label=_("Alerts"), queryset=Alert.objects.none(), widget=forms.CheckboxSelectMultiple)
    title = forms.CharField(label=_("Title"), required=False, max_length=200, help_text=_("Left empty, the gravest alert gives it."))
    severity = forms.ChoiceField(label=_("Severity"), required=False, choices=[("", _("That of its gravest alert")), *Severity.choices])
    reason = forms.CharField(label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def prepare(self) -> None:
        """Offer the incident's alerts, firing ones first; any that this person sees is let through, to be judged with the others."""
        rows = Alert.objects.filter(incident=self.incident).order_by("status", "severity", "-received_at")[:OFFERED]
        self.fields["alerts"].queryset = Alert.objects.visible_to(self.user)
        self.fields["alerts"].widget.choices = [(row.pk, f"{row.title} · {row.severity} · {row.get_status_display()}") for row in rows]


def _split(incident: Incident, actor: Any, data: dict[str, Any]) -> Incident:
    return splitting.split(incident, **data, actor=actor, source="web")


def _makes_sense(incident: Incident, user: Any) -> bool:
    """Open, with alerts to leave and alerts to stay."""
    return incident.is_open and Alert.objects.filter(incident=incident)[1:2].exists()


register(Act("split", _("Split off alerts"), _split, Ability.COMMAND, SplitForm, _makes_sense, position=79))
