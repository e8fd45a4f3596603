"""What must be done by when: opens lists of steps, follows the severity, ticks what is done (`manual.md §§4, 13`)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents import rights, timeline
from incidents.due import due_after
from incidents.models import Incident, Severity, State, Step, TimelineEntry
from incidents.playbook import Playbook, StepRule, incident_playbook
from lib import clock
from lib.db import lock, retried
from lib.errors import Refused

DONE = "incidents.step_done"


def open_for_declaration(incident: Incident, *, now: datetime, t0: datetime | None = None) -> None:
    """Open the lists of a declared incident: the response timeline, for P1 and P2 the response checklist too.

    Times count from `t0`, by default the receipt of the first alert or report. Steps that are done stay done; cancelled
    ones of an earlier declaration are owed again.
    """
    open_lists(incident, "declared", now=now, start=t0 or incident.detected_at)


def open_lists(incident: Incident, event: str, *, now: datetime, start: datetime | None = None) -> None:
    """Open every list that the playbook opens on `event`; times count from `start`, else from `now`.

    A "postmortem" list follows the highest severity that was reached, the others the present one.
    """
    severity = incident.highest_severity if event == "postmortem" else incident.severity
    for name, rule in incident_playbook(incident).lists.items():
        if rule.opens_on == event:
            open_list(incident, name, now=now, start=start, severity=severity)


def open_list(incident: Incident, name: str, *, now: datetime, start: datetime | None = None, severity: str = "") -> None:
    """Open one list at `severity`, by default the incident's; a list that is open already gains only what is missing."""
    playbook, severity = incident_playbook(incident), severity or incident.severity
    known = {step.key: step for step in Step.objects.filter(incident=incident, list=name)}
    rules = playbook.steps(name, severity)
    _create(incident, playbook, (rule for rule in rules if rule.key not in known), start or now, severity)
    again = [known[rule.key] for rule in rules if rule.key in known and known[rule.key].cancelled_at is not None]
    _owe(playbook, rules, again, start or now, severity)


def cancel_lists(incident: Incident, event: str, reason: str, *, now: datetime) -> None:
    """What the lists that open on `event` still ask for is owed no more, until they are opened again."""
    names = [name for name, rule in incident_playbook(incident).lists.items() if rule.opens_on == event]
    _cancel(list(Step.objects.filter(incident=incident, list__in=names).pending()), reason, now)


def on_severity_change(incident: Incident, old: str, new: str, *, now: datetime, reason: str) -> None:
    """Let the lists that are open follow from severity `old` to `new` (design.md "Severity change"). T0 never moves.

    Steps of the new list that are not done are due `now` + offset; done ones stay done. What the new list does not hold
    is cancelled with the reason. Lowering forgives no step that was already missed.
    """
    playbook = incident_playbook(incident)
    raised = Severity(new).rank < Severity(old).rank
    kept = list(Step.objects.filter(incident=incident))
    names = {step.list for step in kept} | {name for name, rule in playbook.lists.items() if rule.opens_on == "declared"}
    if incident.confirmed_at is not None:
        names |= {name for name, rule in playbook.lists.items() if rule.opens_on == "confirmed"}
    gone: list[Step] = []
    follow = {name for name, rule in playbook.lists.items() if rule.opens_on != "postmortem"}  # that one goes by the highest reached
    for name in sorted(names & follow):
        rules = playbook.steps(name, new)
        known = {step.key: step for step in kept if step.list == name}
        _create(incident, playbook, (rule for rule in rules if rule.key not in known), now, new)
        wanted = {rule.key for rule in rules}
        pending = [step for step in known.values() if step.done_at is None]
        stays = [step for step in pending if step.key in wanted and (raised or step.late_at is None or step.cancelled_at is not None)]
        _owe(playbook, rules, stays, now, new)
        gone += [step for step in pending if step.key not in wanted and step.cancelled_at is None]
    if gone:
        _cancel(gone, f"{old} → {new}: {reason}" if reason else f"{old} → {new}", now)
        keys = [f"{step.list}.{step.key}" for step in gone]
        timeline.record(incident, "incidents.step_cancelled", data={"keys": keys, "from": old, "to": new})


def close_lists(incident: Incident, state: str, *, now: datetime) -> None:
    """Nothing is owed any more by an incident that was dismissed, merged or closed."""
    _cancel(list(Step.objects.filter(incident=incident).pending()), str(state), now)


@retried
def complete(step: Step, *, actor: Any, source: str = "") -> Step:
    """A person ticks a step; a second time changes nothing. Raises Forbidden, NotFound."""
    with transaction.atomic():
        incident = lock(Incident.objects.filter(pk=step.incident_id)).get()
        rights.require(actor, Ability.RESPOND, incident)
        step = Step.objects.get(pk=step.pk)
        if step.done_at is None:
            step.done_at, step.done_by, step.cancelled_at, step.cancel_reason = clock.now(), actor, None, ""
            step.save(update_fields=["done_at", "done_by", "cancelled_at", "cancel_reason"])
            timeline.record(incident, DONE, actor=actor, source=source, data={**_named(step), "by": "person"})
    return step


@retried
def undo(step: Step, *, actor: Any, source: str = "") -> Step:
    """A person takes a tick back: the step is owed again by its old time. Raises Refused once the incident is over, Forbidden, NotFound."""
    with transaction.atomic():
        incident = lock(Incident.objects.filter(pk=step.incident_id)).get()
        rights.require(actor, Ability.RESPOND, incident)
        step = Step.objects.get(pk=step.pk)
        if not incident.is_open and incident.state != State.RESOLVED:
            raise Refused(_("%(reference)s is over; its steps stand.") % {"reference": incident.reference})
        if step.done_at is not None:
            step.done_at = step.done_by = None
            step.save(update_fields=["done_at", "done_by"])
            timeline.record(incident, "incidents.step_undone", actor=actor, source=source, data=_named(step))
    return step


def tick(entry: TimelineEntry, incident: Incident, data: dict[str, Any]) -> None:
    """Receiver of every entry: steps whose `done_on` names it are done, those whose `void_on` does are owed no more.

    One entry says which (design.md "The incident"). What was missed before stays missed.
    """
    if entry.kind.startswith("incidents.step_") or entry.kind not in incident_playbook(incident).ticking:
        return
    named = Q(done_on__contains=entry.kind) | Q(void_on__contains=entry.kind, late_at=None)
    pending = list(Step.objects.filter(named, incident=incident).pending())
    done = [step for step in pending if _is_met(step.done_on, entry.kind, data)]
    void = [step for step in pending if step not in done and step.late_at is None and _is_met(step.void_on, entry.kind, data)]
    if done:
        Step.objects.filter(pk__in=[step.pk for step in done]).update(done_at=entry.recorded_at, done_by=entry.actor)
        first, *others = [_named(step) for step in done]
        timeline.record(incident, DONE, data={**first, "more": others, "by": "entry", "because": entry.kind, "seq": entry.seq})
    _cancel(void, str(incident.state), entry.recorded_at)


def _is_met(conditions: str, kind: str, data: dict[str, Any]) -> bool:
    return any(matches(condition, kind, data) for condition in conditions.split())


def matches(condition: str, kind: str, data: dict[str, Any]) -> bool:
    """Whether an entry meets a condition: `kind`, or `kind:field=value|value,field=value`; a list in the data meets any of its values."""
    wanted, _colon, rest = condition.partition(":")
    if wanted != kind:
        return False
    for pair in rest.split(",") if rest else ():
        name, _equals, values = pair.partition("=")
        found = data.get(name)
        have = {str(value) for value in found} if isinstance(found, list) else {str(found)}
        if found is None or have.isdisjoint(values.split("|")):
            return False
    return True


def _named(step: Step) -> dict[str, Any]:
    return {"list": step.list, "key": step.key, "title": step.title}


def _due(playbook: Playbook, rule: StepRule, start: datetime, severity: str) -> datetime | None:
    if rule.offset_seconds is None:
        return None
    return due_after(start, rule.offset_seconds, playbook.severity(severity))


def _create(incident: Incident, playbook: Playbook, rules: Iterable[StepRule], start: datetime, severity: str) -> None:
    Step.objects.bulk_create([
        Step(
            incident=incident,
            list=rule.list,
            key=rule.key,
            title=rule.title,
            role=rule.role,
            position=rule.position,
            done_on=" ".join(rule.done_on),
            void_on=" ".join(rule.void_on),
            due_at=_due(playbook, rule, start, severity),
        )
        for rule in rules
    ])  # fmt: skip


def _owe(playbook: Playbook, rules: Iterable[StepRule], steps: list[Step], start: datetime, severity: str) -> None:
    """Owe these pending or cancelled steps from `start`: a new time, and a new chance to keep it."""
    due = {rule.key: _due(playbook, rule, start, severity) for rule in rules}
    steps = [step for step in steps if step.done_at is None]
    for step in steps:
        step.due_at, step.late_at, step.cancelled_at, step.cancel_reason = due[step.key], None, None, ""
    if steps:
        Step.objects.bulk_update(steps, ["due_at", "late_at", "cancelled_at", "cancel_reason"])


def _cancel(steps: list[Step], reason: str, now: datetime) -> None:
    if steps:
        Step.objects.filter(pk__in=[step.pk for step in steps]).update(cancelled_at=now, cancel_reason=reason[:200])
