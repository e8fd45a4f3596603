"""What was true when it was decided where an alert goes: kept with it once something else is. Pure."""

from typing import Any

from detection.models import Alert


def decide(row: Alert, act: str) -> None:
    """Say what became of an alert, for the reasons that it has now."""
    row.why = {**row.why, "act": act}
    row.why.pop("decided", None)


def reworded(row: Alert, severity: str, said: dict[str, Any]) -> dict[str, Any]:
    """Its why with what is `said` now; what it was when it was decided stays known beside it. Asked before the row gets its new severity."""
    known = row.why
    is_other = severity != row.severity or any(known.get(name) != said[name] for name in ("severity", "service") if name in said)
    if "act" not in known or "decided" in known or not is_other:
        return {**known, **said}
    return {**known, **said, "decided": {"code": row.severity, "severity": known.get("severity"), "service": known.get("service")}}
