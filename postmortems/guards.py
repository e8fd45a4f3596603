"""What stands against closing: a P1 or P2 closes only once its post-mortem is published or waived."""

from django.utils.translation import gettext as _

from incidents.guards import register
from incidents.models import Incident, State
from postmortems.models import Postmortem
from postmortems.opening import is_owed


def closing(incident: Incident, to: str) -> str | None:
    """The reason against closing, or None."""
    if to != State.CLOSED or not is_owed(incident):
        return None
    return reason(incident, Postmortem.objects.filter(incident=incident).first())


def reason(incident: Incident, found: Postmortem | None) -> str | None:
    """What an incident that has `found` still lacks before it closes, or None."""
    if not is_owed(incident) or (found is not None and found.is_finished):
        return None
    said = {"reference": incident.reference, "severity": incident.highest_severity}
    if found is None:
        return _("%(reference)s was a %(severity)s and has no post-mortem. Open one, or waive it with a reason; then close.") % said
    said["state"] = str(found.get_state_display())
    return _("%(reference)s was a %(severity)s: it closes once its post-mortem is published, or waived with a reason. Now it is “%(state)s”.") % said


register("postmortems.closing", closing)
