"""Registry of guards: what a higher room has to say against a transition."""

from collections.abc import Callable

from incidents.models import Incident

Guard = Callable[[Incident, str], str | None]
GUARDS: dict[str, Guard] = {}


def register(name: str, guard: Guard) -> None:
    """Ask `guard(incident, to)` before each transition; it returns the reason against it, or None."""
    GUARDS[name] = guard


def objections(incident: Incident, to: str) -> list[str]:
    """Everything that stands against going to state `to`."""
    return [reason for guard in GUARDS.values() if (reason := guard(incident, to))]
