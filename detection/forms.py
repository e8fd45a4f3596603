"""Forms of detection's pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from detection.sources import KINDS
from incidents.models import Service, Severity


class SourceChangeForm(forms.Form):
    """What may change about a source."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("As people here call it: “Alertmanager Frankfurt”."))
    service = forms.ModelChoiceField(
        label=_("Service"),
        queryset=Service.objects.current(),
        required=False,
        to_field_name="slug",
        empty_label=_("None: only what alerts name themselves"),
        help_text=_("Of alerts that name none themselves."),
    )


class SourceForm(SourceChangeForm):
    """A new source."""

    kind = forms.ChoiceField(label=_("Kind"), choices=[(kind.name, kind.label) for kind in KINDS.values()])
    field_order = ("kind", "name", "service")


class MapForm(forms.Form):
    """Which service a label's value means."""

    service = forms.ModelChoiceField(label=_("Service"), queryset=Service.objects.current(), to_field_name="slug", empty_label=_("Choose a service"))


class AcceptForm(forms.Form):
    """A candidate's severity, if a person knows better."""

    severity = forms.ChoiceField(choices=[("", ""), *Severity.choices], required=False)
