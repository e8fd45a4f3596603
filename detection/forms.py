"""Forms of detection's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from detection.mapping import MEANINGS
from detection.models import Source
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


class MeaningForm(forms.Form):
    """What a label's value means: a service, a severity, or both."""

    label = forms.CharField(label=_("Label"), max_length=200, required=False)
    service = forms.ModelChoiceField(
        label=_("Service"), queryset=Service.objects.current(), to_field_name="slug", required=False, empty_label=_("Choose a service")
    )
    severity = forms.ChoiceField(label=_("Severity"), choices=[("", _("By its label")), *Severity.choices], required=False)

    @property
    def means(self) -> dict[str, Any]:
        """What was said, once it is valid; what was left empty is not said."""
        return {name: self.cleaned_data[name] for name in MEANINGS if self.cleaned_data[name]}


class MapForm(MeaningForm):
    """The same from the page of an alert: from all sources or its own."""

    only_source = forms.BooleanField(label=_("Only from this source"), required=False)


class MappingForm(MeaningForm):
    """A mapping as its row in the settings edits it: what is left empty is taken back."""

    value = forms.CharField(label=_("Value"), max_length=200)
    source = forms.ModelChoiceField(label=_("Source"), queryset=Source.objects.all(), to_field_name="slug", required=False, empty_label=_("Any source"))
    field_order = ("label", "value", "source", "service", "severity")


class AcceptForm(forms.Form):
    """A candidate's severity, if a person knows better."""

    severity = forms.ChoiceField(choices=[("", ""), *Severity.choices], required=False)
