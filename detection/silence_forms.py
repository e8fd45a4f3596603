"""The form of a silence: matchers to tick and change, how long, why."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from detection.matchers import MOST, OPS
from detection.models import Alert, Source
from lib import clock
from lib.moments import MomentInput

BLANK = 3  # empty lines at the end
TICKED = ("alertname", "service", "job")  # what makes an alert “like this”; where and on what it was is left open
UNTIL = "until"
LENGTHS = (("30", _("30 min")), ("120", _("2 h")), ("480", _("8 h")))


class ExtendForm(forms.Form):
    """How long from now."""

    minutes = forms.TypedChoiceField(label=_("From now"), choices=LENGTHS, coerce=int)

    def ends(self) -> datetime:
        """When it is over."""
        return clock.now() + timedelta(minutes=self.cleaned_data["minutes"])


class MatcherForm(forms.Form):
    """One matcher; only ticked ones count."""

    use = forms.BooleanField(required=False)
    label = forms.CharField(max_length=200, required=False, strip=True)
    op = forms.ChoiceField(choices=[(op, op) for op in OPS])
    value = forms.CharField(max_length=2000, required=False, strip=False)


Matchers = forms.formset_factory(MatcherForm, extra=0, max_num=MOST + BLANK, absolute_max=MOST + BLANK)


class SilenceForm(forms.Form):
    """How long, why, and of which source."""

    source = forms.ModelChoiceField(
        label=_("Only from"), queryset=Source.objects.exclude(kind=Source.OWN), required=False, to_field_name="slug", empty_label=_("Any source")
    )
    length = forms.ChoiceField(label=_("For how long"), choices=[*LENGTHS, (UNTIL, _("Until…"))], initial="120", widget=forms.RadioSelect)
    until = MomentInput(
        label=_("Until"), required=False, help_text=_("At most 30 days, in your time zone."), widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    comment = forms.CharField(label=_("Why"), max_length=500, required=False, help_text=_("Stands beside each alert that it hides."))

    def clean(self) -> dict[str, Any]:
        """A time of one's own needs that time."""
        found = super().clean() or {}
        if found.get("length") == UNTIL and not found.get("until") and "until" not in self.errors:
            self.add_error("until", _("Say until when."))
        return found

    def ends(self) -> datetime:
        """When it is over."""
        said = self.cleaned_data
        ends: datetime = said["until"] if said["length"] == UNTIL else clock.now() + timedelta(minutes=int(said["length"]))
        return ends


def prefilled(alert: Alert | None) -> list[dict[str, Any]]:
    """The lines to begin with: the labels of an alert, what makes it “like this” first and ticked, and some empty ones."""
    labels = {name: value for name, value in alert.labels.items() if "\n" not in value} if alert else {}
    names = sorted(labels, key=lambda name: (TICKED.index(name) if name in TICKED else len(TICKED), name))[:MOST]
    ticked = set(TICKED) & set(names) or set(names[:1])
    lines = [{"use": name in ticked, "label": name, "op": "=", "value": labels[name]} for name in names]
    return lines + [{"use": True, "label": "", "op": "=", "value": ""}] * BLANK


def chosen(lines: Any) -> list[dict[str, str]]:
    """The ticked matchers of a valid formset; a line without a label is none."""
    return [{name: line.cleaned_data[name] for name in ("label", "op", "value")} for line in lines if line.cleaned_data["use"] and line.cleaned_data["label"]]
