"""An incident as one person looks at it, and what the head of its page shows: phases, clocks, people, the next acts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.abilities import Ability
from incidents import acts, figures, rights, search
from incidents.models import Clock, Impact, Incident, RoleAssignment, State
from incidents.playbook import incident_playbook
from lib import clock as time
from lib.i18n import pick
from lib.times import running, span

S = State
PHASES = ((S.DECLARED, S.CONFIRMED, S.DIAGNOSING), (S.FIXING, S.ROLLING_BACK), (S.VERIFYING,), (S.WATCHING,))
# What comes next from each state, the likeliest first; the rest stands behind "More".
NEXT: dict[str, tuple[str, ...]] = {
    S.DECLARED: ("confirm", "dismiss"),
    S.CONFIRMED: ("diagnose", "fix"),
    S.DIAGNOSING: ("fix", "roll_back"),
    S.FIXING: ("verify", "not_recovered"),
    S.ROLLING_BACK: ("verify", "not_recovered"),
    S.VERIFYING: ("watch", "not_recovered"),
    S.WATCHING: ("resolve", "not_recovered"),
    S.RESOLVED: ("close", "reopen"),
    S.DISMISSED: ("redeclare",),
}
AHEAD = 2  # buttons beside "More": what a thumb can tell apart
KIN = 100  # related incidents that a page names
NEARLY_OVER = 0.25  # the part of a target below which its clock turns amber


@dataclass(frozen=True)
class Phase:
    """One of the four phases that stand for the lifecycle."""

    label: str
    mark: str  # "done", "now" or "next"


@dataclass(frozen=True)
class Face:
    """A clock as shown: counts down to `due` or up from `since`, or has stopped."""

    name: str
    label: str
    text: str
    level: str = ""  # "", "good", "warn", "bad"
    due: datetime | None = None
    since: datetime | None = None
    target: int = 0
    hint: str = ""
    share: int = 0  # what is left of the target, in thousandths

    @property
    def is_update(self) -> bool:
        """Whether it counts to an update that is owed, not against an objective."""
        return self.name.startswith("update-")


@dataclass(frozen=True)
class Press:
    """An act as a button: pressed at once, or leading to its form."""

    act: acts.Act
    is_direct: bool
    style: str = ""
    besides: str = ""  # what the press also does
    barred: str = ""  # why it cannot be pressed now, and what helps


class Page:
    """One incident as one person looks at it who may see it: what several parts show is read once, when the first one asks."""

    def __init__(self, incident: Incident, user: Any):
        self.incident = incident
        self.user = user
        self._may: dict[Ability, bool] = {}

    def may(self, ability: Ability) -> bool:
        """Whether this person may use `ability` here."""
        if ability not in self._may:
            self._may[ability] = rights.holds(self.user, ability, lambda: self.commander.pk if self.commander else None)
        return self._may[ability]

    @cached_property
    def clocks(self) -> list[Clock]:
        """Its clocks with their services."""
        return list(self.incident.clocks.select_related("service").order_by("kind", "due_at"))

    @cached_property
    def impacts(self) -> list[Impact]:
        """The services it hits, with who owns them."""
        return list(self.incident.impacts.select_related("service__owner").order_by("service__position"))

    @cached_property
    def people(self) -> list[RoleAssignment]:
        """Who plays which part now."""
        return list(self.incident.assignments.filter(until=None).select_related("person").order_by("since"))

    @property
    def commander(self) -> Any:
        """Who commands it, or None."""
        return next((row.person for row in self.people if row.role == "commander"), None)

    @cached_property
    def kin(self) -> list[Incident]:
        """The incidents it grew from, became part of, took in or led to, of those that this person may see; the newest first."""
        found = Q(merged_into=self.incident) | Q(related_to=self.incident)
        origins = {pk for pk in (self.incident.related_to_id, self.incident.merged_into_id) if pk is not None}
        return list(Incident.objects.visible_to(self.user).filter(found | Q(pk__in=origins) if origins else found)[:KIN])

    @property
    def merged(self) -> list[Incident]:
        """What became part of it, the first first."""
        return [other for other in reversed(self.kin) if other.merged_into_id == self.incident.pk]


def find(user: Any, reference: str) -> Incident:
    """The incident of that reference, if `user` may see it; else NotFound."""
    found = Incident.objects.visible_to(user).select_related("acknowledged_by", "declared_by")
    return search.named(reference, found)


def phases(state: str) -> list[Phase]:
    """The four phases with where `state` stands among them."""
    labels = (pgettext("phase", "Investigating"), pgettext("phase", "Fixing"), pgettext("phase", "Verifying"), pgettext("phase", "Watching"))
    over = state in (S.RESOLVED, S.CLOSED)
    at = next((index for index, states in enumerate(PHASES) if state in states), len(PHASES) if over else -1)
    return [Phase(label, "done" if index < at else "now" if index == at else "next") for index, label in enumerate(labels)]


def strictest(clocks: Iterable[Clock], kind: str) -> Clock | None:
    """Of the clocks of a kind the one that decides: the running one that ends first, else the last that stopped."""
    rows = [row for row in clocks if row.kind == kind]
    running = [row for row in rows if row.stopped_at is None]
    return min(running or rows, key=lambda row: row.due_at, default=None)


def countdown(row: Clock, label: str, now: datetime) -> Face:
    """A clock against its target: what is left, or whether it was kept."""
    if row.stopped_at is not None:
        took = span((row.stopped_at - row.started_at).total_seconds())
        if row.breached_at is not None:
            return Face(row.kind, label, _("missed · %(took)s") % {"took": took}, "bad", hint=_("target %(target)s") % {"target": span(row.target_seconds)})
        return Face(row.kind, label, _("kept · %(took)s") % {"took": took}, "good", hint=_("target %(target)s") % {"target": span(row.target_seconds)})
    left = (row.due_at - now).total_seconds()
    level = "bad" if left <= 0 else "warn" if left < row.target_seconds * NEARLY_OVER else "good"
    text = (_("%s left") if left > 0 else _("%s over")) % running(abs(left))
    hint = _("target %(target)s") % {"target": span(row.target_seconds)} + (" · " + _("working time") if row.is_working_time else "")
    share = max(0, min(1000, int(1000 * left / max(row.target_seconds, 1))))
    return Face(row.kind, label, text, level, due=row.due_at, target=row.target_seconds, hint=hint, share=share)


def faces(incident: Incident, clocks: Iterable[Clock], now: datetime) -> list[Face]:
    """The clocks of the head: since it began, RTO, RPO exposure, the watch, the next updates due."""
    rows = list(clocks)
    end = incident.resolved_at or incident.closed_at
    began = Face("since", _("Since it began"), running((now - incident.began_at).total_seconds()), since=incident.began_at)
    shown = [Face("since", _("Lasted"), span((end - incident.began_at).total_seconds())) if end else began]
    for kind, label in (("rto", pgettext("clock", "RTO")), ("watch", pgettext("clock", "Watch"))):
        row = strictest(rows, kind)
        if row and (kind != "watch" or row.stopped_at is None):
            shown.append(countdown(row, label, now))
    exposed = [row for row in rows if row.kind == "rpo"]
    if exposed:
        known = [row for row in exposed if row.exposure_seconds is not None]
        worst = max(known, key=lambda row: (row.exposure_seconds or 0) / max(row.target_seconds, 1), default=None)
        unknown = _("unknown") if len(known) < len(exposed) else ""
        missed = any((row.exposure_seconds or 0) > row.target_seconds for row in known)
        text = " · ".join(part for part in (span(worst.exposure_seconds or 0) if worst else "", unknown) if part)
        shown.append(Face("rpo", _("RPO exposure"), text, "bad" if missed else "warn" if unknown else "good"))
    return shown + updates_due(incident, now)


def updates_due(incident: Incident, now: datetime) -> list[Face]:
    """The next update that each audience is owed, as the figure `next_updates` knows it: [{"audience", "label", "due"}]."""
    maker = figures.FIGURES.get("next_updates") if incident.is_open else None
    figure = maker(incident) if maker else None
    shown = []
    for row in figure.value if figure else ():
        due = datetime.fromisoformat(row["due"]) if isinstance(row["due"], str) else row["due"]
        left = (due - now).total_seconds()
        text = (_("in %s") if left > 0 else _("%s over")) % running(abs(left))
        label = _("Update: %(audience)s") % {"audience": row["label"]}
        shown.append(
            Face(f"update-{row['audience']}", label, text, "bad" if left <= 0 else "warn" if left < 300 else "", due=due, target=row.get("every") or 1800)
        )
    return shown


def presses(page: Page) -> tuple[list[Press], list[Press]]:
    """The buttons of the head and what stands behind "More"."""
    incident = page.incident
    offered = {act.name: act for act in acts.offered(incident, page.user, page.may)}
    somebody_has_it = incident.acknowledged_by_id is not None and incident.acknowledgement_asked_at is None
    first: tuple[str, ...] = ("take_command",) if somebody_has_it else ("acknowledge", "take_command")
    wanted = [name for name in first if name in offered][:1]
    wanted = (wanted + [name for name in NEXT.get(incident.state, ()) if name in offered])[:AHEAD]
    ahead = [_press(page, offered[name], "primary" if index == 0 else "danger" if offered[name].is_danger else "") for index, name in enumerate(wanted)]
    rest = [_press(page, act, "danger" if act.is_danger else "") for name, act in offered.items() if name not in wanted and name != "note"]
    if "severity" not in offered and incident.is_open and page.may(Ability.RESPOND):
        rest.append(Press(acts.ACTS["severity"], False, barred=_barred(page)))
        rest.sort(key=lambda press: press.act.position)
    return ahead, rest


def _barred(page: Page) -> str:
    """Why a responder may not change the severity, and what helps."""
    if page.commander is None:
        return _("Needs the commander: take command first.")
    return _("Needs the commander: ask %(person)s.") % {"person": page.commander}


def _press(page: Page, act: acts.Act, style: str) -> Press:
    fields = act.form.base_fields.values() if act.form else ()
    is_direct = act.name in NEXT_ACTS and not any(field.required for field in fields) and not act.is_danger
    besides = act.besides(page.incident, page.commander is None)
    return Press(act, is_direct or (act.form is None and not act.is_danger), style, str(besides.label) if besides else "")


NEXT_ACTS = {name for names in NEXT.values() for name in names}


def meeting_places(incident: Incident) -> list[dict[str, str]]:
    """Where the responders meet, as the playbook says: links, and names of channels."""
    rows = sorted(incident_playbook(incident).items("war_room").values(), key=lambda row: row.get("position") or 0)
    return [
        {"name": pick(row["name"]), "address": row["address"], "url": row["address"] if row["address"].startswith("https://") else ""}
        for row in rows
        if row.get("address")
    ]


def head(page: Page) -> dict[str, Any]:
    """Everything the head of the page shows."""
    incident, now = page.incident, time.now()
    ahead, rest = presses(page)
    return {
        "incident": incident,
        "phases": phases(incident.state),
        "faces": faces(incident, page.clocks, now),
        "commander": page.commander,
        "roles": [row for row in page.people if row.role != "commander"],
        "ahead": ahead,
        "rest": rest,
        "places": meeting_places(incident) if incident.is_open else [],
        "lease": incident.acknowledged_until if incident.is_open and incident.acknowledged_until else None,
    }
