"""Reads a playbook version as typed rules, once per version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import transaction

from incidents.models import Incident, PlaybookVersion


@dataclass(frozen=True)
class SeverityRule:
    """What follows from a severity (`manual.md §1`); times in seconds, working time where `is_working_time`."""

    code: str
    name: dict[str, str]
    meaning: dict[str, str]
    escalation: dict[str, str]
    examples: tuple[dict[str, str], ...]
    rto_seconds: int
    rpo_seconds: int
    respond_within_seconds: int | None
    is_working_time: bool
    is_strictest_target: bool  # clocks take the strictest of its targets and the services'
    ack_lease_seconds: int | None
    ack_grace_seconds: int | None
    commander_within_seconds: int | None
    watch_seconds: int
    share_from: float | None
    share_is_above: bool
    notice_to: str  # "response_teams", "owner_team", "owner_lead" or ""


@dataclass(frozen=True)
class StepRule:
    """A step that the playbook asks for (`manual.md §§4, 13`); `offset_seconds` None has no due time."""

    list: str
    key: str
    title: dict[str, str]
    role: str
    position: int
    done_on: tuple[str, ...]
    void_on: tuple[str, ...]
    offset_seconds: int | None


@dataclass(frozen=True)
class ListRule:
    """A list of steps and when it opens: "declared", "confirmed", "rollback" or "postmortem"."""

    name: str
    title: dict[str, str]
    opens_on: str


@dataclass(frozen=True)
class TeamRule:
    """A response team (`manual.md §2`)."""

    slug: str
    name: dict[str, str]
    channel: str
    is_response: bool


@dataclass(frozen=True)
class ServiceRule:
    """A service's recovery objectives (`manual.md §8`); times in seconds."""

    slug: str
    name: dict[str, str]
    owner: str
    rto_seconds: int | None
    rpo_seconds: int | None
    availability_percent: Decimal | None
    depends_on: tuple[str, ...]


@dataclass(frozen=True)
class Playbook:
    """The rules of one version."""

    number: int
    digest: str
    content: Mapping[str, Mapping[str, dict[str, Any]]] = field(repr=False)

    def items(self, section: str) -> Mapping[str, dict[str, Any]]:
        """A section's items by key; empty when this version has no such section."""
        return self.content.get(section, {})

    def severity(self, code: str) -> SeverityRule:
        """The rule of a severity."""
        return self.severities[code]

    @cached_property
    def severities(self) -> dict[str, SeverityRule]:
        """All four, the gravest first."""
        return {code: _severity(code, item) for code, item in sorted(self.items("severities").items())}

    @cached_property
    def lists(self) -> dict[str, ListRule]:
        """The lists of steps."""
        return {name: ListRule(name, item["title"], item["opens_on"]) for name, item in self.items("step_lists").items()}

    def steps(self, list_name: str, severity: str) -> list[StepRule]:
        """The steps of a list at a severity, in order."""
        found = [
            StepRule(
                list=list_name,
                key=key.removeprefix(f"{list_name}."),
                title=item["title"],
                role=item.get("role") or "",
                position=item.get("position") or 0,
                done_on=tuple(item.get("done_on") or ()),
                void_on=tuple(item.get("void_on") or ()),
                offset_seconds=item["due"][severity],
            )
            for key, item in self.items("steps").items()
            if item["list"] == list_name and severity in item["due"]
        ]
        return sorted(found, key=lambda step: (step.position, step.key))

    @cached_property
    def ticking(self) -> frozenset[str]:
        """The timeline kinds that may tick a step or void it; most kinds do neither."""
        told = [condition for item in self.items("steps").values() for name in ("done_on", "void_on") for condition in item.get(name) or ()]
        return frozenset(condition.partition(":")[0] for condition in told)

    def cadence(self, audience: str, severity: str) -> int | None:
        """Seconds between updates that `audience` is owed (`manual.md §7`); None where nothing is owed."""
        return (self.items("cadences").get(audience) or {}).get("every", {}).get(severity)

    @cached_property
    def teams(self) -> dict[str, TeamRule]:
        """All teams by slug."""
        return {slug: TeamRule(slug, item["name"], item.get("channel") or "", bool(item.get("is_response"))) for slug, item in self.items("teams").items()}

    @property
    def response_teams(self) -> list[str]:
        """Slugs of the teams that a P1 brings in."""
        return [team.slug for team in self.teams.values() if team.is_response]

    @cached_property
    def services(self) -> dict[str, ServiceRule]:
        """All services by slug."""
        return {slug: _service(slug, item) for slug, item in self.items("services").items()}

    def suggested_severity(self, share_percent: float) -> str | None:
        """The severity that a share of users hit suggests (`manual.md §1`: over 50, 20 to 50, under 20 per cent)."""
        for rule in self.severities.values():
            if rule.share_from is not None and (share_percent > rule.share_from if rule.share_is_above else share_percent >= rule.share_from):
                return rule.code
        return None


def _severity(code: str, item: dict[str, Any]) -> SeverityRule:
    return SeverityRule(
        code=code,
        name=item["name"],
        meaning=item.get("meaning") or {},
        escalation=item.get("escalation") or {},
        examples=tuple(item.get("examples") or ()),
        rto_seconds=item["rto_seconds"],
        rpo_seconds=item["rpo_seconds"],
        respond_within_seconds=item.get("respond_within_seconds"),
        is_working_time=bool(item.get("is_working_time")),
        is_strictest_target=bool(item.get("is_strictest_target")),
        ack_lease_seconds=item.get("ack_lease_seconds"),
        ack_grace_seconds=item.get("ack_grace_seconds"),
        commander_within_seconds=item.get("commander_within_seconds"),
        watch_seconds=item.get("watch_seconds") or 0,
        share_from=item.get("share_from_percent"),
        share_is_above=bool(item.get("share_is_above")),
        notice_to=item.get("notice_to") or "",
    )


def _service(slug: str, item: dict[str, Any]) -> ServiceRule:
    percent = item.get("availability_percent")
    return ServiceRule(
        slug=slug,
        name=item["name"],
        owner=item.get("owner") or "",
        rto_seconds=item.get("rto_seconds"),
        rpo_seconds=item.get("rpo_seconds"),
        availability_percent=None if percent is None else Decimal(str(percent)),
        depends_on=tuple(item.get("depends_on") or ()),
    )


_read: dict[int, Playbook] = {}
_uncommitted: set[int] = set()
MOST_KEPT = 64


def forget_until_commit(pk: int) -> None:
    """Keep a version that is just being made out of the cache until it is there for good: its id may be given out again."""
    _uncommitted.add(pk)
    _read.pop(pk, None)
    transaction.on_commit(lambda: _uncommitted.discard(pk))


def read(version: PlaybookVersion) -> Playbook:
    """The rules of a version."""
    return Playbook(number=version.number, digest=version.digest, content=version.content)


def _by_id(pk: int) -> Playbook:
    if pk in _read:
        return _read[pk]
    playbook = read(PlaybookVersion.objects.get(pk=pk))
    if pk not in _uncommitted:
        if len(_read) >= MOST_KEPT:
            _read.pop(next(iter(_read)))
        _read[pk] = playbook
    return playbook


def current_id() -> int | None:
    """The id of the version in force."""
    return PlaybookVersion.objects.order_by("-number").values_list("pk", flat=True).first()


def by_id(pk: int) -> Playbook:
    """The rules of the version with this id; no query when they were read before."""
    return _by_id(pk)


def incident_playbook(incident: Incident) -> Playbook:
    """The rules that an incident runs under: those in force when it was declared."""
    return _by_id(incident.playbook_id)
