"""Search over what a person may see: incidents, post-mortems, services, people."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from accounts.models import User
from incidents import search as incident_search
from incidents.models import Incident, Service
from incidents.views import with_row_parts
from lib.text import clean
from postmortems import search as postmortem_search
from postmortems.models import Postmortem

MOST = 20


@dataclass
class Found:
    """What was found for `words`."""

    words: str
    incidents: list[Incident] = field(default_factory=list)
    postmortems: list[Postmortem] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    people: list[User] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing matched."""
        return not (self.incidents or self.postmortems or self.services or self.people)


def search(user: Any, asked: str) -> Found:
    """Everything that matches all words of `asked`, newest incidents first; nothing for no words."""
    words = clean(asked, 200).strip()
    found = Found(words)
    if not words:
        return found
    seen = incident_search.matching(Incident.objects.visible_to(user), words)
    found.incidents = list(with_row_parts(seen.order_by("-declared_at", "-id"))[:MOST])
    written = postmortem_search.postmortems(user, {"q": words})
    found.postmortems = list(written.select_related("incident")[:MOST])
    found.services = list(Service.objects.current().filter(every(words, "slug", "name")).select_related("owner")[:MOST])
    found.people = list(User.objects.filter(is_active=True).filter(every(words, "username", "name", "email"))[:MOST])
    return found


def every(words: str, *fields: str) -> Q:
    """The condition that each word is in one of `fields`."""
    condition = Q()
    for word in words.split()[:8]:
        one = Q()
        for name in fields:
            one |= Q(**{f"{name}__icontains": word})
        condition &= one
    return condition
