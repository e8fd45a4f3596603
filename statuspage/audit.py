"""What must hold for the public page (trust.md "Promises"); the auditor asks every 30 s."""

from collections.abc import Iterator

from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from incidents.models import Service
from statuspage.models import Component, ComponentChange, ComponentState, Post

SHOWN = 20


def invariants(*, full: bool = False) -> list[str]:
    """What is broken, one line each; empty when all is well."""
    return [*_components(), *_posts()]


def _components() -> Iterator[str]:
    """Every service has its component, and each says what its newest change says."""
    for slug in Service.objects.current().filter(component=None).values_list("slug", flat=True)[:SHOWN]:
        yield f"the service {slug} is no component of the public page"
    newest = ComponentChange.objects.filter(component=OuterRef("pk")).order_by("-at", "-id").values("state")[:1]
    said = Coalesce(Subquery(newest), Value(ComponentState.OPERATIONAL.value))
    for row in Component.objects.annotate(said=said).exclude(state=F("said")).select_related("service")[:SHOWN]:
        yield f"the component {row.slug} says {row.state}, its history {row.said}"


def _posts() -> Iterator[str]:
    """Nothing of a drill is public."""
    for post in Post.objects.filter(incident__is_drill=True).select_related("incident")[:SHOWN]:
        yield f"{post.incident.reference}: a drill has a public post"
