"""The acts that this room offers on an incident: beside buttons they are commands of the composer."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from incidents.acts import Act, register
from incidents.forms import ReasonForm
from incidents.models import Incident
from postmortems import lifecycle, opening
from postmortems.models import Postmortem


def _may_be_opened(incident: Incident, user: Any) -> bool:
    return incident.state in opening.MINIMUM and not Postmortem.objects.filter(incident=incident).exists()


def _may_be_waived(incident: Incident, user: Any) -> bool:
    if incident.state not in opening.MINIMUM or not opening.is_owed(incident):
        return False
    return not Postmortem.objects.filter(incident=incident, state__in=["published", "waived"]).exists()


register(
    Act(
        "postmortem",
        _("Open a post-mortem"),
        lambda incident, actor, data: opening.open_by_hand(incident, actor=actor, source="web"),
        Ability.RESPOND,
        None,
        _may_be_opened,
        position=44,
    )
)
register(
    Act(
        "waive_postmortem",
        _("Do without a post-mortem"),
        lambda incident, actor, data: lifecycle.waive(incident, actor=actor, reason=data["note"], source="web"),
        Ability.COMMAND,
        ReasonForm,
        _may_be_waived,
        lambda rest: {"note": rest},
        is_danger=True,
        position=45,
    )
)
