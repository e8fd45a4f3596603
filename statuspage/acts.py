"""The act that the public page offers on an incident."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from incidents.acts import Act, register
from incidents.models import Incident, State
from statuspage import publishing, rules
from statuspage.forms import PublishForm
from statuspage.models import Kind


def _publish(incident: Incident, actor: Any, data: dict[str, Any]) -> Any:
    form = data["form"]
    return publishing.publish(
        incident,
        form.telling(),
        actor=actor,
        seen=data["seen"],
        all_the_same=data["all_the_same"],
        shows_reference=None if data["is_command"] else data["shows_reference"],
        source="web",
    )


class PublishAct(PublishForm):
    """The form as the act takes it: its words know how they are put together."""

    def clean(self) -> dict[str, Any]:
        """With the form itself among the data."""
        return {**(super().clean() or {}), "form": self}


def _parse(rest: str) -> dict[str, Any]:
    """Parse "monitoring 30m own words": kind and promise may be left out; the rest of the update is standard."""
    found: dict[str, Any] = {"is_command": "1"}
    words = rest.strip()
    head, _blank, tail = words.partition(" ")
    if head.lower() in Kind.values:
        found["kind"], words = head.lower(), tail.strip()
    head, _blank, tail = words.partition(" ")
    if head.endswith("m") and head[:-1].isdecimal():
        found["next_minutes"], words = head[:-1], tail.strip()
    return {**found, "text": words}


def _makes_sense(incident: Incident, user: Any) -> bool:
    if rules.barred(incident):
        return False
    if incident.state in (State.DECLARED, State.DISMISSED, State.MERGED):
        return rules.post_of(incident) is not None
    return True


register(
    Act(
        "publish",
        _("Tell the public"),
        _publish,
        Ability.PUBLISH,
        PublishAct,
        _makes_sense,
        _parse,
        hint=_("monitoring 30m own words (standard words, what is said last added)"),
        position=56,
        impossible=_("Nothing may be public before the incident is confirmed, and nothing of a drill ever."),
        page="statuspage:incident",
    )
)
