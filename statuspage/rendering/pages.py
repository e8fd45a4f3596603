"""The pages of one language: the page itself, the history, one page per incident. Plain HTML that needs neither script nor a database."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from lib import markup, times
from lib.i18n import LANGUAGES
from statuspage.models import ComponentState, Kind, Status
from statuspage.rendering import looks, overall, strips
from statuspage.snapshot import Component, Incident, Snapshot, Update

TAGS = {"en": "en", "zh-hans": "zh-Hans"}
NAMES = {"en": "English", "zh-hans": "简体中文"}
RECENT_DAYS = 14  # of past incidents on the page itself; the history has them all
SHOWN_UPDATES = 5  # of an open incident on the page itself; its own page has them all
HEADING = re.compile(r"(</?h)([1-6])>")


@dataclass(frozen=True)
class Row:
    """A component as a line of the page."""

    component: Component
    name: str
    description: str
    state: str  # in words
    picture: SafeString
    share: str


class Look:
    """A snapshot in one language, as it lies in `folder` ("en/"; "" is the root)."""

    def __init__(self, snapshot: Snapshot, *, language: str, folder: str, made_at: datetime, files: Mapping[str, bytes]):
        self.snapshot = snapshot
        self.language = language
        self.folder = folder
        self.made_at = made_at
        self.zone = ZoneInfo(snapshot.page.time_zone)
        self.style = looks.stamp(files["assets/status.css"])
        self.script = looks.stamp(files["assets/status.js"])
        self.logo = next((path for path in files if path.startswith("assets/logo.")), "")

    def all(self) -> dict[str, bytes]:
        """Every page by its path below the folder, the entrance last."""
        return {name: make() for name, make in self.makers().items()}

    def makers(self) -> dict[str, Callable[[], bytes]]:
        """What makes each page, by the same paths."""
        every = (*self.snapshot.open, *self.snapshot.past)
        found: dict[str, Callable[[], bytes]] = {f"incidents/{incident.id}/index.html": partial(self.incident, incident) for incident in every}
        return {**found, "history/index.html": self.history, "index.html": self.front}

    def front(self) -> bytes:
        """The page itself."""
        with translation.override(self.language):
            since = self.day(self.made_at) - timedelta(days=RECENT_DAYS - 1)
            recent = [incident for incident in self.snapshot.past if self.day(incident.created_at) >= since]
            return self.page(
                "index.html",
                "",
                indicator=overall.indicator(self.snapshot).value,
                sentence=overall.sentence(self.snapshot),
                open=[self.told(incident, limit=SHOWN_UPDATES) for incident in self.snapshot.open],
                groups=list(self.groups()),
                past=self.by_day(recent),
                recent_days=RECENT_DAYS,
                made_at=self.time(self.made_at),
                revision=self.snapshot.revision,
            )

    def history(self) -> bytes:
        """Every incident of the kept days."""
        with translation.override(self.language):
            every = sorted((*self.snapshot.open, *self.snapshot.past), key=lambda one: one.created_at, reverse=True)
            changed = max((incident.updated_at for incident in every), default=None)
            return self.page("history.html", "history/", past=self.by_day(every), changed_at=self.time(changed) if changed else "")

    def incident(self, incident: Incident) -> bytes:
        """One incident with all it said."""
        with translation.override(self.language):
            return self.page("incident.html", f"incidents/{incident.id}/", incident=self.told(incident), changed_at=self.time(incident.updated_at))

    def page(self, template: str, place: str, **context: Any) -> bytes:
        """A template with what every page shows; `place` is its folder below this language's."""
        page = self.snapshot.page
        home = "../" * place.count("/") or "./"
        root = "../" * (self.folder + place).count("/") or "./"
        title = _("%(company)s: service status") % {"company": page.name} if page.name else _("Service status")
        frame = {
            "tag": TAGS[self.language],
            "title": title,
            "company": page.name or _("Service status"),
            "page": page,
            "home": home,
            "root": root,
            "is_front": not place,
            "logo": f"{root}{self.logo}" if self.logo else "",
            "style": f"{root}assets/status.css?v={self.style}",
            "script": f"{root}assets/status.js?v={self.script}",
            "languages": [{"tag": TAGS[code], "name": NAMES[code], "url": f"{root}{code}/{place}", "is_here": code == self.language} for code in LANGUAGES],
        }
        return compact(render_to_string(f"statuspage/public/{template}", {**frame, **context})).encode()

    def groups(self) -> Iterable[dict[str, Any]]:
        """Components under their headings; those without a group last, under none."""
        known = {group.slug for group in self.snapshot.groups}
        for group in self.snapshot.groups:
            rows = [self.row(component) for component in self.snapshot.components if component.group == group.slug]
            yield {"name": group.names[self.language], "rows": rows}
        if rest := [self.row(component) for component in self.snapshot.components if component.group not in known]:
            yield {"name": _("More services") if known else _("Services"), "rows": rest}

    def row(self, component: Component) -> Row:
        """One line."""
        share, days = self.snapshot.uptime[component.slug], self.snapshot.days[component.slug]
        return Row(
            component=component,
            name=component.names[self.language],
            description=component.descriptions[self.language],
            state=str(ComponentState(component.state).label),
            picture=strips.picture(days, share),
            share=strips.percent(share),
        )

    def told(self, incident: Incident, *, limit: int | None = None) -> dict[str, Any]:
        """An incident as the templates show it, with its newest `limit` updates."""
        updates = [self.update(update) for update in incident.updates[:limit]]
        names = {component.slug: component.names[self.language] for component in self.snapshot.components}
        ended = incident.resolved_at or (incident.updated_at if incident.is_withdrawn else None)
        return {
            "id": incident.id,
            "name": incident.names[self.language],
            "reference": incident.reference,
            "impact": incident.impact,
            "status": str(Kind.WITHDRAWN.label if incident.is_withdrawn else Status(incident.status).label),
            "is_open": ended is None,
            "is_withdrawn": incident.is_withdrawn,
            "began": self.time(incident.created_at),
            "period": self.period(incident.created_at, ended) if ended else "",
            "lasted": times.span((ended - incident.created_at).total_seconds()) if ended and not incident.is_withdrawn else "",
            "components": [names[slug] for slug in incident.components if slug in names],
            "updates": updates,
            "hidden": len(incident.updates) - len(updates),
            "last": updates[0] if updates else None,
            "postmortem": demoted(markup.render(incident.postmortem[self.language])) if incident.postmortem else "",
            "postmortem_at": self.time(incident.postmortem_at) if incident.postmortem_at else "",
        }

    def update(self, update: Update) -> dict[str, Any]:
        """An update as the templates show it."""
        return {
            "id": update.id,
            "label": str(Kind(update.kind).label),
            "at": self.time(update.at),
            "lines": update.paragraphs[self.language],
        }

    def by_day(self, incidents: Iterable[Incident]) -> list[dict[str, Any]]:
        """Newest day first, by the day on which each began."""
        days: dict[date, list[dict[str, Any]]] = {}
        for incident in incidents:
            days.setdefault(self.day(incident.created_at), []).append(self.told(incident, limit=1))
        return [{"name": date_format(day, _("j F Y")), "iso": day.isoformat(), "incidents": found} for day, found in days.items()]

    def day(self, at: datetime) -> date:
        """The day in the page's zone."""
        return at.astimezone(self.zone).date()

    def time(self, at: datetime) -> SafeString:
        """A <time> in the page's zone: "21 Nov, 03:07 UTC+8"."""
        local = at.astimezone(self.zone)
        said = _("%(date)s, %(time)s %(zone)s") % {"date": strips.short(local), "time": f"{local:%H:%M}", "zone": times.offset_name(local)}
        return stamped(at, said)

    def period(self, began: datetime, ended: datetime) -> SafeString:
        """ "21 Nov, 03:07 – 04:15 UTC+8", with both days where they differ."""
        first, last = began.astimezone(self.zone), ended.astimezone(self.zone)
        if first.date() != last.date() or first.utcoffset() != last.utcoffset():
            return format_html("{} – {}", self.time(began), self.time(ended))
        start = _("%(date)s, %(time)s") % {"date": strips.short(first), "time": f"{first:%H:%M}"}
        end = _("%(time)s %(zone)s") % {"time": f"{last:%H:%M}", "zone": times.offset_name(last)}
        return format_html("{} – {}", stamped(began, start), stamped(ended, end))


def stamped(at: datetime, said: str) -> SafeString:
    """A moment in words and for machines."""
    return format_html('<time datetime="{}">{}</time>', at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"), said)


def not_found(snapshot: Snapshot, *, style: str) -> bytes:
    """What a wrong address answers, in both languages. It may stand at any depth, so its links are whole addresses."""
    texts = []
    for code in LANGUAGES:
        with translation.override(code):
            texts.append({"tag": TAGS[code], "said": _("There is no such page."), "back": _("To the service status"), "url": f"{snapshot.page.url}{code}/"})
    context = {"company": snapshot.page.name, "style": f"{snapshot.page.url}assets/status.css?v={style}", "texts": texts, "tag": TAGS[settings.LANGUAGE_CODE]}
    return compact(render_to_string("statuspage/public/404.html", context)).encode()


def demoted(words: SafeString) -> SafeString:
    """Headings of a document that stands under a heading of the second level."""
    return mark_safe(HEADING.sub(lambda found: f"{found[1]}{min(6, int(found[2]) + 2)}>", words))  # noqa: S308 - cleaned by lib.markup


def compact(page: str) -> str:
    """The page without its templates' indentation. What people wrote holds line breaks only inside <pre>, which keeps them."""
    kept = re.split(r"(<pre.*?</pre>)", page, flags=re.DOTALL)
    return "".join(part if part.startswith("<pre") else re.sub(r"\s*\n\s*", "\n", part) for part in kept).strip() + "\n"
