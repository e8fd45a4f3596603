"""What must hold for the public page (trust.md "Promises"); the auditor asks every 30 s."""

from collections.abc import Iterator

from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from incidents.models import Service
from lib import clock
from statuspage import editions, files, rendering, snapshot
from statuspage.models import Component, ComponentChange, ComponentState, Post, PublishedFile

SHOWN = 20


def invariants(*, full: bool = False) -> list[str]:
    """What is broken, one line each; empty when all is well."""
    return [*_components(), *_posts(), *_files(full)]


def _components() -> Iterator[str]:
    """Every service has its component, and each says what its newest change says."""
    for slug in Service.objects.current().filter(component=None).values_list("slug", flat=True)[:SHOWN]:
        yield f"the service {slug} is no component of the public page"
    newest = ComponentChange.objects.filter(component=OuterRef("pk")).order_by("-at", "-id").values("state")[:1]
    said = Coalesce(Subquery(newest), Value(ComponentState.OPERATIONAL.value))
    for row in Component.objects.annotate(said=said).exclude(state=F("said")).select_related("service")[:SHOWN]:
        yield f"the component {row.slug} says {row.state}, its history {row.said}"


def _files(full: bool) -> Iterator[str]:
    """The published files are young, and what the rows say; `full` makes them again and compares."""
    edition = editions.current()
    if edition is None:
        return  # nobody has run the sweep yet: the engine's silence is told elsewhere
    age = (clock.real() - (edition.checked_at or edition.begun_at)).total_seconds()
    if age > editions.OLD_SECONDS:
        yield f"the public page's files have not been looked at for {age:.0f} s"
    if full and edition.made_at is not None and editions.of(edition) == editions.wanted(clock.now()):
        known = dict(PublishedFile.objects.exclude(path=files.FRESH).values_list("path", "etag"))
        made = {path: files.etag(body) for path, body in rendering.render(snapshot.take(edition.made_at), made_at=edition.made_at).items()}
        for path in sorted(set(known) ^ set(made) | {path for path in known if path in made and known[path] != made[path]})[:SHOWN]:
            yield f"the public file {path} is not what the rows say"


def _posts() -> Iterator[str]:
    """Nothing of a drill is public."""
    for post in Post.objects.filter(incident__is_drill=True).select_related("incident")[:SHOWN]:
        yield f"{post.incident.reference}: a drill has a public post"
