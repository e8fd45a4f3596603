"""Watches over the promises: invariants of every room within two seconds, an alarm when one breaks, a ping when all hold."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from django.utils.module_loading import import_string

from incidents.models import Incident
from lib import append_only, heartbeats, leases
from portal import alarm

log = logging.getLogger(__name__)

BUDGET_SECONDS = 2.0
LEASE_SECONDS = 60.0
ROOMS = ("incidents", "comms", "detection", "statuspage", "postmortems", "accounts")
NAME = "auditor"
REFERENCE = re.compile(r"\b[A-Z]{3,5}-\d{4}-\d+\b")


@dataclass
class Report:
    """What one audit found."""

    findings: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)  # parts that the time did not suffice for; they come first next time
    seconds: float = 0.0


def parts(*, full: bool) -> list[tuple[str, Callable[[], list[str]]]]:
    """Everything that is looked at, by name. `full` reads whole histories where the quick one reads what moved."""
    found: list[tuple[str, Callable[[], list[str]]]] = [("append_only", unprotected)]
    for room in ROOMS:
        found.append((room, partial(import_string(f"{room}.audit.invariants"), full=full)))
    return found


def unprotected() -> list[str]:
    """Append-only tables without their triggers."""
    return [f"{name} protects nothing: its trigger is missing" for name in append_only.missing()]


def audit(*, full: bool = False, budget: float | None = None, first: list[str] | None = None) -> Report:
    """Look at all parts, at most for `budget` seconds, beginning with `first`. Raises what the database raises."""
    report, began = Report(), time.monotonic()
    for name, look in sorted(parts(full=full), key=lambda part: part[0] not in (first or [])):
        if budget is not None and time.monotonic() - began > budget:
            report.skipped.append(name)
            continue
        report.findings += look()
    report.seconds = time.monotonic() - began
    return report


skipped: list[str] = []


def sweep() -> int:
    """The audit as a sweep: whoever holds the lease looks, repairs, tells. Returns 0: it finds no work for itself."""
    if leases.elect("portal.auditor", LEASE_SECONDS):
        run()
    return 0


def run(*, also: list[str] | None = None) -> Report:
    """One audit with its consequences; `also` are findings of the one who calls (a silent engine)."""
    report = audit(budget=BUDGET_SECONDS, first=skipped)
    skipped[:] = report.skipped
    report.findings += also or []
    if any("trigger is missing" in finding for finding in report.findings):
        append_only.install()
    if report.seconds > BUDGET_SECONDS:
        log.warning("the audit took %.1f s; it should take less than %.0f", report.seconds, BUDGET_SECONDS)
    heartbeats.beat(NAME, findings=report.findings[:50], skipped=report.skipped, ms=round(report.seconds * 1000))
    if report.findings:
        first_five = [outward(finding) for finding in report.findings[:5]]
        alarm.ring(f"audit:{first_five[0][:80]}", f"The portal's audit found {len(report.findings)}: " + "; ".join(first_five))
    elif not report.skipped:
        alarm.ping()
    return report


def outward(finding: str) -> str:
    """A finding as it may leave the portal: private incidents are not named (design.md "Private")."""
    private = set(Incident.objects.filter(is_private=True, reference__in=REFERENCE.findall(finding)).values_list("reference", flat=True))
    return REFERENCE.sub(lambda match: "a private incident" if match[0] in private else match[0], finding)
