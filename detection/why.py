"""Why an alert did what it did, as sentences in the reader's language; the row holds kinds and data only."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from detection.models import Alert
from lib.times import stamp

Said = Mapping[str, Any]


def _mapped_severity(said: Said, severity: str) -> str:
    if said.get("source"):
        return _("%(severity)s, because %(label)s “%(value)s” of %(source)s is mapped to it") % {**said, "severity": severity}
    return _("%(severity)s, because %(label)s “%(value)s” is mapped to it") % {**said, "severity": severity}


def _mapped_service(said: Said) -> str:
    if said.get("source"):
        return _("On %(slug)s, because %(label)s “%(value)s” of %(source)s is mapped to it") % said
    return _("On %(slug)s, because %(label)s “%(value)s” is mapped to it") % said


SEVERITY: dict[str, Callable[[Said, str], str]] = {
    "mapping": _mapped_severity,
    "label": lambda said, severity: _("%(severity)s, because its label %(label)s says “%(value)s”") % {**said, "severity": severity},
    "unknown": lambda said, severity: _("%(severity)s, because “%(value)s” in its label %(label)s is no severity known here") % {**said, "severity": severity},
    "absent": lambda said, severity: _("%(severity)s, because it has no label %(label)s") % {**said, "severity": severity},
}
SERVICE: dict[str, Callable[[Said], str]] = {
    "label": lambda said: _("On %(slug)s, because its label %(label)s says so") % said,
    "mapping": _mapped_service,
    "default": lambda said: _("On %(slug)s, the service of its source") % said,
    "unknown": lambda said: _("Unassigned, because nobody here knows the service “%(value)s” of its label %(label)s") % said,
    "absent": lambda said: _("Unassigned, because it has no label %(label)s") % said,
}
NOTES: dict[str, Callable[[], str]] = {
    "start_future": lambda: _("It says that it begins in the future; the receipt counts as its beginning"),
    "start_old": lambda: _("It began more than a day before it was received; the receipt counts as the beginning of an incident"),
    "start_absent": lambda: _("It does not say when it began; the receipt counts"),
    "start_set_aside": lambda: _("It does not say when it began; it was set aside first, and counts from when it was received then"),
    "set_aside_old": lambda: _("It was taken in more than a day later; an incident of it begins with that"),
    "start_unusable": lambda: _("Its start is no usable time; the receipt counts"),
    "end_unusable": lambda: _("Its end is no usable time; the receipt counts"),
    "end_before_start": lambda: _("It ends before it begins; the beginning counts as its end"),
    "labels_cut": lambda: _("Its labels or annotations were too long and were cut"),
}


def explain(alert: Alert, *, reference: str = "") -> list[str]:
    """What became of it and for which reasons, the most important first. `reference` names its incident if the reader may see it."""
    why = alert.why or {}
    act = _act(alert, str(why.get("act", "")), reference)
    return [act, _silenced(alert), severity(alert), service(alert), *_decided(alert), *notes(alert), _acknowledged(alert)]


def severity(alert: Alert) -> str:
    """Which rule gave it its severity."""
    said = (alert.why or {}).get("severity") or {}
    make = SEVERITY.get(said.get("from", ""))
    return make(said, alert.severity) if make else alert.severity


def service(alert: Alert) -> str:
    """Which rule gave it its service."""
    said = (alert.why or {}).get("service") or {}
    make = SERVICE.get(said.get("from", ""))
    return make(said) if make else ""


def _decided(alert: Alert) -> list[str]:
    """What was otherwise when it was decided where it goes."""
    then, now = (alert.why or {}).get("decided"), alert.why or {}
    if not then:
        return []
    graded, placed = then.get("severity") or {}, then.get("service") or {}
    said = []
    if then["code"] != alert.severity and graded.get("from") in SEVERITY:
        said.append(SEVERITY[graded["from"]](graded, then["code"]))
    if placed != (now.get("service") or {}) and placed.get("from") in SERVICE:
        said.append(SERVICE[placed["from"]](placed))
    return [_("When that was decided: %(reason)s") % {"reason": one} for one in said]


def notes(alert: Alert) -> list[str]:
    """What was odd about it."""
    told = (alert.why or {}).get("notes", [])
    said = ["set_aside_old" if note == "start_old" and "start_set_aside" in told else note for note in told]
    return [NOTES[note]() for note in said if note in NOTES]


def _acknowledged(alert: Alert) -> str:
    return _("Its source says that somebody works on it; calls go on until a person here takes it on") if alert.acknowledged_at else ""


def _silenced(alert: Alert) -> str:
    """Which silence keeps or kept it from leading anywhere."""
    silence = alert.silence
    if silence is None:
        return _("It was silenced, and placed when that was over") if (alert.why or {}).get("was_silenced") else ""
    values = {"person": silence.created_by or _("the portal"), "until": stamp(silence.ends_at), "source": silence.source or "", "reason": silence.comment}
    said = (_("All of %(source)s is held, by %(person)s, until %(until)s") if silence.is_hold else _("Silenced by %(person)s until %(until)s")) % values
    return _("%(said)s: %(reason)s") % {**values, "said": said} if silence.comment else said


def withdrawn(why: Said) -> str:
    """Why a candidate was withdrawn that did not recover."""
    if why.get("from") != "mapping":
        return ""
    return _("none of its alerts is graver than P4, since %(label)s “%(value)s” is mapped to %(severity)s") % {**why, "severity": why.get("severity") or "P4"}


def _act(alert: Alert, act: str, reference: str) -> str:
    values = {"reference": reference or _("an incident"), "severity": ((alert.why or {}).get("decided") or {}).get("code") or alert.severity}
    if act == "opened":
        return _("Opened %(reference)s: a %(severity)s declares an incident by itself") % values
    if act == "joined":
        return _("Joined %(reference)s, which its group belongs to") % values
    if act == "reopened":
        return _("Reopened %(reference)s, which was resolved less than an hour before") % values
    if act == "split":
        return _("Was split off by a person: it is part of %(reference)s") % values
    if act == "late":
        return _("Belongs to %(reference)s, which was over when it was heard of; it had ended too") % values
    if act == "waits" and alert.incident_id:
        return _("Waited as a candidate, then became part of %(reference)s") % values
    if act == "waits":
        return _("A candidate: a P3 waits until a person says that it is an incident")
    if act == "silenced" and not alert.is_firing:
        return _("Came and went while it was silenced, so it led nowhere")
    if act == "silenced":
        return _("Kept and shown, and it leads nowhere while it is silenced")
    if act == "end_only":
        return _("Only its end was heard of, so there was nothing to do")
    return _("Kept for the record: a %(severity)s opens nothing") % values
