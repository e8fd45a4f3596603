"""What comms knows of an incident as figures: the next update that each audience is owed."""

from comms import obligations
from comms.models import Obligation
from incidents import figures
from incidents.models import Incident


def next_updates(incident: Incident) -> figures.Figure | None:
    """[{"audience", "label", "due" (ISO), "every" (seconds or None)}], the first due first; None when nothing is owed."""
    rows = Obligation.objects.filter(incident=incident, closed_at=None).order_by("due_at", "id")
    owed = [
        {"audience": row.audience, "label": row.get_audience_display(), "due": row.due_at.isoformat(), "every": obligations.cadence(incident, row.audience)}
        for row in rows
    ]
    return figures.Figure(owed, "obligations", rows[0].opened_at) if owed else None


figures.register("next_updates", next_updates)
