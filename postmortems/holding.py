"""Taking hold of a post-mortem: its incident is the lock, so that its entries and the incident's stand in one order."""

from incidents import lifecycle, search
from incidents.models import Incident
from lib.errors import NotFound
from postmortems.models import Postmortem
from postmortems.querysets import PostmortemQuerySet


def hold(postmortem: Postmortem) -> tuple[Postmortem, Incident]:
    """The post-mortem and its incident, locked until the transaction ends and read anew."""
    incident = lifecycle.hold(postmortem.incident_id)
    fresh = Postmortem.objects.get(pk=postmortem.pk)
    fresh.incident = incident
    return fresh, incident


def find(user: object, reference: str, rows: PostmortemQuerySet | None = None) -> Postmortem:
    """The post-mortem of the incident of that reference, among `rows`, if `user` may see it. Raises NotFound for both."""
    incident = search.named(reference, Incident.objects.visible_to(user))
    found = (rows if rows is not None else Postmortem.objects.select_related("author", "published_by", "waived_by")).filter(incident=incident).first()
    if found is None:
        raise NotFound
    found.incident = incident
    return found
