"""The acts that comms offers on an incident."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from comms import obligations
from comms.models import OUTSIDE, Audience
from incidents.acts import Act, register
from incidents.models import Incident, State

INSIDE = [(code, label) for code, label in Audience.choices if code not in OUTSIDE]


class UpdateForm(forms.Form):
    """Words for an audience, and by when it hears again."""

    text = forms.CharField(label=_("What is known, what is being done"), max_length=obligations.LONGEST_UPDATE, widget=forms.Textarea(attrs={"rows": 4}))
    audience = forms.ChoiceField(label=_("For"), choices=INSIDE, initial=Audience.WAR_ROOM, required=False)
    promise = forms.IntegerField(
        label=_("Next update within (minutes)"), min_value=1, max_value=7 * 24 * 60, required=False, help_text=_("Left empty, the playbook's rhythm goes on.")
    )

    def clean_audience(self) -> str:
        """The war room, unless said otherwise."""
        return self.cleaned_data["audience"] or Audience.WAR_ROOM


def _update(incident: Incident, actor: Any, data: dict[str, Any]) -> Any:
    promise = timedelta(minutes=data["promise"]) if data.get("promise") else None
    return obligations.update(incident, data["text"], actor=actor, audience=data["audience"], promise=promise, source="web")


def _parse(rest: str) -> dict[str, Any]:
    """Parse "20m what is known" or "what is known"."""
    head, _blank, tail = rest.strip().partition(" ")
    if head.endswith("m") and head[:-1].isdecimal() and tail.strip():
        return {"promise": head[:-1], "text": tail.strip()}
    return {"text": rest.strip()}


def _makes_sense(incident: Incident, user: Any) -> bool:
    return incident.state not in (State.CLOSED, State.DISMISSED, State.MERGED)


register(
    Act(
        "update",
        _("Tell the war room"),
        _update,
        Ability.RESPOND,
        UpdateForm,
        _makes_sense,
        _parse,
        hint=_("20m what is known (the next one within 20 min)"),
        position=55,
    )
)
