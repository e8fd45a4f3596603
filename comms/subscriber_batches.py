"""Many subscribers at once: in batches, each a short transaction, so that nobody waits for the whole of a file."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from accounts import audit
from comms.models import Consent, Subscriber
from comms.subscribers import Wish, fields_of
from incidents.models import Service
from lib import clock
from lib.db import lock, retried
from lib.errors import Refused
from lib.text import clean

BATCH = 500
Place = tuple[str, str]  # channel and address in small letters


def add_many(wishes: list[Wish], *, source: str, words: str, actor: Any, request: Any = None) -> int:
    """Add checked ones, and change those known who want something else; returns how many are new. Raises Refused (422).

    Who ended it stays ended: they agree anew one by one. Done twice it changes nothing more, so after a failure the whole may be given again.
    """
    words = clean(words, 200)
    if not words:
        raise Refused(_("Say how they agreed."), status=422)
    batches = (wishes[start : start + BATCH] for start in range(0, len(wishes), BATCH))
    return sum(_add(batch, source=source, words=words, actor=actor, request=request) for batch in batches)


@retried
def _add(wishes: list[Wish], *, source: str, words: str, actor: Any, request: Any) -> int:
    """One batch with its entry in the audit trail; returns how many are new."""
    wanted = {place(wish.channel, wish.address): wish for wish in wishes}
    with transaction.atomic():
        known = _held(wanted)
        fresh = [Subscriber(**fields_of(wish)) for at, wish in wanted.items() if at not in known]
        Subscriber.objects.bulk_create(fresh, ignore_conflicts=True)  # another request may be faster with some of them
        codes = {row.code for row in fresh}
        rows = _held(wanted) if fresh else known
        made = [row for row in rows.values() if row.code in codes]
        now = clock.now()
        Consent.objects.bulk_create([Consent(subscriber=row, kind=Consent.Kind.GIVEN, source=source, words=words, by=actor, at=now) for row in made])
        before, changed = _change({at: row for at, row in rows.items() if row.ended_at is None}, wanted, {row.pk for row in made})
        after = {"count": len(made), "source": source, "words": words, "changed": changed}
        audit.record("comms.subscribers_added", actor=actor, target="subscribers", before={"changed": before}, after=after, request=request)
    return len(made)


def place(channel: str, address: str) -> Place:
    """What there is one of."""
    return channel, address.lower()


def _held(places: Iterable[Place]) -> dict[Place, Subscriber]:
    """Who is there of these, locked."""
    channels, addresses = zip(*places, strict=True)
    found = Subscriber.objects.known().alias(lowered=Lower("address")).filter(channel__in=set(channels), lowered__in=set(addresses)).order_by("pk")
    return {place(row.channel, row.address): row for row in lock(found)}


def _change(rows: dict[Place, Subscriber], wanted: dict[Place, Wish], made: set[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Language and services as wanted; a line without services leaves the choice. Returns what those had and have who are not new."""
    through, ids = Subscriber.services.through, dict(Service.objects.values_list("slug", "pk"))
    chosen: dict[int, set[str]] = {row.pk: set() for row in rows.values()}
    for pk, slug in through.objects.filter(subscriber__in=list(chosen)).values_list("subscriber_id", "service__slug"):
        chosen[pk].add(slug)
    languages: dict[str, list[int]] = {}
    services: dict[int, set[str]] = {}
    before, after = {}, {}
    for at, row in rows.items():
        had, wish = chosen[row.pk], wanted[at]
        wants = set(wish.services) or had
        if wish.language != row.language:
            languages.setdefault(wish.language, []).append(row.pk)
        if wants != had:
            services[row.pk] = wants
        if (wish.language, wants) != (row.language, had) and row.pk not in made:
            before[str(row.pk)] = {"language": row.language, "services": sorted(had)}
            after[str(row.pk)] = {"language": wish.language, "services": sorted(wants)}
    for language, pks in languages.items():
        Subscriber.objects.filter(pk__in=pks).update(language=language)
    through.objects.filter(subscriber__in=[pk for pk in services if chosen[pk]]).delete()
    through.objects.bulk_create([through(subscriber_id=pk, service_id=ids[slug]) for pk, slugs in services.items() for slug in sorted(slugs)])
    return before, after
