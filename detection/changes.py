"""Keeps what was changed about services, and says what was changed lately."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from detection import correlate, rules
from detection.models import Change, Source
from detection.normal import EARLIEST, NormalChange, NormalLink
from detection.sources.reading import link
from incidents.models import Service
from lib import clock
from lib.db import retried
from lib.errors import Forbidden, Refused
from lib.text import clean

LATELY = timedelta(hours=24)  # a change before something broke that may have broken it
AHEAD = timedelta(minutes=5)  # clocks of senders differ by less


def take(source: Source, told: NormalChange, said: str, received: datetime) -> None:
    """Keep a change that a source tells of, in the caller's transaction; `said` is its event word for word.

    An event that names its time and comes again is the same change; one without is another each time.
    """
    service, _why = rules.service_of(told.labels, rules.read(source, [told.labels]))
    at = told.at if told.at is not None and told.at <= received + AHEAD else None
    row = Change(
        service=service,
        source=source,
        kind=told.kind,
        summary=told.summary,
        origin=told.origin,
        links=list(told.links),
        at=at or received,
        received_at=received,
        digest=hashlib.sha256(f"{source.pk}\n{said}".encode()).hexdigest() if at else None,
    )
    Change.objects.bulk_create([row], ignore_conflicts=True)
    correlate.stamp(source, received)


@retried
def report(service: Service, *, summary: str, kind: str, url: str = "", at: datetime | None = None, actor: Any) -> Change:
    """Keep a change that a person or their pipeline tells of.

    Raises Refused (422) for an empty summary or kind, a time ahead or before 1970, a link that no browser should follow; Forbidden.
    """
    if not actor.can(Ability.RESPOND):
        raise Forbidden(_("You need the right “respond” for this."))
    now = clock.now()
    summary, kind = clean(summary, 1024), clean(kind, 40)
    if not summary or not kind:
        raise Refused(_("A change needs a summary and a kind."), status=422)
    if at is not None and not EARLIEST <= at <= now + AHEAD:
        raise Refused(_("A change cannot lie in the future."), status=422)
    if url and not link(url):
        raise Refused(_("This is no link that a browser may follow."), status=422)
    links: list[NormalLink] = [{"href": link(url), "text": "", "image": False}] if url else []
    return Change.objects.create(service=service, told_by=actor, kind=kind, summary=summary, links=links, at=at or now, received_at=now)


def lately(services: Iterable[int], began: datetime, until: datetime) -> QuerySet[Change]:
    """What was changed about these services (ids) from a day before `began`, newest first."""
    return Change.objects.filter(service__in=list(services), at__gte=began - LATELY, at__lte=until).select_related("service", "source")
