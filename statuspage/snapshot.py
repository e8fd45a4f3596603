"""All that may reach the public, as frozen values: what is not in these classes cannot be published.

Pages and JSON are made of a :class:`Snapshot` and of nothing else. Its allow-list is this file; golden tests hold it.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import blake2s
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Prefetch, Q, Subquery

from comms import publication
from incidents.models import ServiceGroup
from lib.i18n import LANGUAGES, pick
from statuspage import bars, changes
from statuspage.models import Component as ComponentRow
from statuspage.models import ComponentChange, Post, PostUpdate, PublicPage

DAYS = 90
Texts = dict[str, str]  # by language, each of lib.i18n.LANGUAGES present


@dataclass(frozen=True)
class Page:
    """The page as a whole."""

    name: str  # the company
    accent: str  # "#1f6feb", or "" for the page's own
    url: str  # where it is served
    support_url: str
    support_mail: str
    time_zone: str
    logo: bytes | None
    logo_type: str
    updated_at: datetime  # when what the public reads last changed


@dataclass(frozen=True)
class Group:
    """A heading over components."""

    id: str
    slug: str
    names: Texts
    position: int


@dataclass(frozen=True)
class Component:
    """A part with a state."""

    id: str
    slug: str
    names: Texts
    descriptions: Texts
    group: str  # the group's slug, "" without one
    position: int
    state: str  # operational, degraded_performance, partial_outage, major_outage, under_maintenance
    since: datetime
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Day:
    """One UTC day of a component, as it was published. `worst` "" means that the component did not exist yet."""

    date: date
    worst: str
    seconds_down: int  # in partial or major outage


@dataclass(frozen=True)
class Update:
    """One published update."""

    id: str
    kind: str  # investigating, identified, monitoring, resolved, correction, withdrawn
    status: str  # of the incident after it; a correction or withdrawal leaves it as it was
    at: datetime
    paragraphs: dict[str, tuple[str, ...]]  # plain text, by language
    components: tuple[tuple[str, str], ...]  # (slug, state): what the incident did to them from then on
    next_at: datetime | None  # when it promised to say more


@dataclass(frozen=True)
class Incident:
    """What the public reads of an incident; `id` is a random code of its own."""

    id: str
    names: Texts
    reference: str  # INC-…, only where the post says so, else ""
    impact: str  # none, minor, major, critical
    status: str  # investigating, identified, monitoring, resolved, postmortem
    created_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    updates: tuple[Update, ...]  # newest first
    components: tuple[str, ...]  # slugs of those that it ever touched and that are shown
    is_withdrawn: bool
    postmortem: Texts | None  # Markdown, redacted
    postmortem_at: datetime | None


@dataclass(frozen=True)
class Snapshot:
    """The public page at one revision."""

    revision: int
    page: Page
    groups: tuple[Group, ...]  # those with components, in order
    components: tuple[Component, ...]  # those shown, in the order of the page
    days: dict[str, tuple[Day, ...]]  # by component slug, oldest first, today last
    uptime: dict[str, Decimal]  # per cent over those days, by component slug
    open: tuple[Incident, ...]  # newest first
    past: tuple[Incident, ...]  # resolved or withdrawn within the days, newest first


def take(now: datetime) -> Snapshot:
    """What the public may read at `now`, in a constant number of queries.

    The revision is read first: a change that comes meanwhile raises it, and the next snapshot holds it.
    """
    revision, changed_at = changes.state()
    since = first_day(now)
    rows = _component_rows(since)
    histories = _histories(rows, since)
    groups: dict[int | None, ServiceGroup] = {row.pk: row for row in ServiceGroup.objects.filter(pk__in={row.group_id for row in rows if row.group_id})}
    rows.sort(key=lambda row: (row.group_id is None, _place(groups.get(row.group_id)), row.position, row.pk))
    shown = {row.slug for row in rows}
    posts = _post_rows(since)
    days = {row.slug: bars.days(histories[row.pk], since=since, born=row.created_at, now=now, count=DAYS) for row in rows}
    return Snapshot(
        revision=revision,
        page=page(changed_at or now),
        groups=tuple(_group(row) for row in sorted(groups.values(), key=_place)),
        components=tuple(_component(row, groups) for row in rows),
        days={slug: tuple(Day(*one) for one in found) for slug, found in days.items()},
        uptime={row.slug: bars.uptime(days[row.slug], since=since, born=row.created_at, now=now) for row in rows},
        open=tuple(_incident(post, shown) for post in posts if post.is_open),
        past=tuple(_incident(post, shown) for post in posts if not post.is_open),
    )


def first_day(now: datetime) -> datetime:
    """Where the first of the days begins, in UTC."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=DAYS - 1)


def texts(text: Any) -> Texts:
    """A localized text with every language filled."""
    return {language: pick(text, language) for language in LANGUAGES}


def page(changed_at: datetime) -> Page:
    """The page as a whole, with nothing of an incident."""
    row = PublicPage.objects.filter(pk=1).first() or PublicPage(updated_at=changed_at)
    product = publication.product()  # where users find help is said once, for page and mail
    return Page(
        name=row.name,
        accent=row.accent,
        url=f"{settings.STATUS_URL.rstrip('/')}/",
        support_url=product.support_url,
        support_mail=product.support_mail,
        time_zone=settings.DEFAULT_TIME_ZONE,
        logo=bytes(row.logo) if row.logo else None,
        logo_type=row.logo_type,
        updated_at=changed_at,
    )


def _component_rows(since: datetime) -> list[ComponentRow]:
    earlier = ComponentChange.objects.filter(component=OuterRef("pk"), at__lt=since).order_by("-at", "-id")
    rows = ComponentRow.objects.filter(is_shown=True).select_related("service").annotate(state_before=Subquery(earlier.values("state")[:1]))
    return list(rows)


def _histories(rows: list[ComponentRow], since: datetime) -> dict[int, list[tuple[datetime, str]]]:
    """By component: (from when, state), beginning with the one in force at `since`."""
    found: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
    for row in rows:
        if before := row.state_before:  # type: ignore[attr-defined]
            found[row.pk].append((since, before))
    later = ComponentChange.objects.filter(component__in=[row.pk for row in rows], at__gte=since).order_by("at", "id")
    for component_id, state, at in later.values_list("component_id", "state", "at"):
        found[component_id].append((at, state))
    return found


def _post_rows(since: datetime) -> list[Post]:
    kept = Q(resolved_at=None, is_withdrawn=False) | Q(resolved_at__gte=since) | Q(is_withdrawn=True, updated_at__gte=since)
    published = Exists(PostUpdate.objects.filter(post=OuterRef("pk")))
    updates = Prefetch("updates", PostUpdate.objects.order_by("-number"))
    return list(Post.objects.filter(kept, published).select_related("incident").prefetch_related(updates).order_by("-created_at", "-id"))


def _place(group: ServiceGroup | None) -> tuple[int, str]:
    return (group.position, group.slug) if group else (0, "")


def _group(row: ServiceGroup) -> Group:
    # A group has no code of its own: its slug is public, and the same slug is the same group for ever.
    code = blake2s(f"group {row.slug}".encode(), digest_size=6).hexdigest()
    return Group(id=code, slug=row.slug, names=texts(row.name), position=row.position)


def _component(row: ComponentRow, groups: dict[int | None, ServiceGroup]) -> Component:
    return Component(
        id=row.code,
        slug=row.slug,
        names=texts(row.name),
        descriptions=texts(row.description),
        group=groups[row.group_id].slug if row.group_id in groups else "",
        position=row.position,
        state=row.state,
        since=row.since,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _incident(post: Post, shown: set[str]) -> Incident:
    updates = list(post.updates.all())
    reported_at = post.postmortem_at if post.resolved_at and not post.is_withdrawn else None  # of a reopened incident the old report waits
    touched = {slug for update in updates for slug in update.components} & shown
    return Incident(
        id=post.code,
        names=texts(post.title),
        reference=post.incident.reference if post.shows_reference else "",
        impact=post.impact,
        status=post.status,
        created_at=post.created_at,
        updated_at=post.updated_at,
        resolved_at=post.resolved_at,
        updates=tuple(_update(update, shown) for update in updates),
        components=tuple(sorted(touched)),
        is_withdrawn=post.is_withdrawn,
        postmortem=texts(post.postmortem) if reported_at else None,
        postmortem_at=reported_at,
    )


def _update(row: PostUpdate, shown: set[str]) -> Update:
    return Update(
        id=row.code,
        kind=row.kind,
        status=row.status,
        at=row.published_at,
        paragraphs={language: tuple(row.paragraphs.get(language) or row.paragraphs.get("en") or ()) for language in LANGUAGES},
        components=tuple(sorted((slug, state) for slug, state in row.components.items() if slug in shown)),
        next_at=row.next_at,
    )
