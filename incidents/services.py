"""Services: how each is doing, and up to when its data could be brought back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from incidents import clocks
from incidents.lifecycle import hold
from incidents.models import Impact, Incident, RecoveryPoint, Service
from lib import clock
from lib.db import retried
from lib.errors import Forbidden, Refused

CLOCK_SKEW = timedelta(minutes=5)  # a backup host's clock may run ahead by this much
OLDEST = timedelta(days=3660)
LEVELS = {Impact.Level.DEGRADED: 1, Impact.Level.PARTIAL: 2, Impact.Level.OUTAGE: 3}


@dataclass(frozen=True)
class Health:
    """The worst that open incidents do to a service; `level` "" is healthy."""

    level: str = ""
    severity: str = ""
    incidents: int = 0

    @property
    def label(self) -> str:
        """In the reader's words."""
        return str(Impact.Level(self.level).label) if self.level else _("Healthy")

    @property
    def tone(self) -> str:
        """Which colour goes with the word."""
        return {"": "good", Impact.Level.OUTAGE: "bad"}.get(self.level, "warn")


def health(user: Any) -> dict[int, Health]:
    """By service id, from the real open incidents that `user` may see; one query. A service that is not in it is healthy."""
    impacts = Impact.objects.visible_to(user).filter(incident__in=Incident.objects.open().real())
    found: dict[int, Health] = {}
    for service_id, level, severity in impacts.values_list("service_id", "level", "incident__severity"):
        had = found.get(service_id, Health())
        worst = max(had.level, level, key=lambda one: LEVELS.get(one, 0))  # type: ignore[call-overload]
        found[service_id] = Health(worst, min(had.severity or severity, severity), had.incidents + 1)
    return found


def report_recovery_point(service: Service, at: datetime, *, actor: Any) -> RecoveryPoint:
    """A backup of `service` can bring its data back to `at`; saying it twice is one point.

    The exposure of open incidents follows. Raises Refused (422) for a time in the future or ten years ago, Forbidden.
    """
    if actor is not None and not actor.can(Ability.RESPOND):
        raise Forbidden(_("You need the right “respond” to report a recovery point."))
    now = clock.now()
    if at > now + CLOCK_SKEW:
        raise Refused(_("A recovery point cannot lie in the future."), status=422)
    if at < now - OLDEST:
        raise Refused(_("This recovery point lies too far back."), status=422)
    point = _keep(service, min(at, now), actor)
    for pk in Incident.objects.open().filter(impacts__service=service, began_at__gte=point.at).order_by("pk").values_list("pk", flat=True):
        _follow(pk)
    return point


@retried
def _keep(service: Service, at: datetime, actor: Any) -> RecoveryPoint:
    with transaction.atomic():
        point, _made = RecoveryPoint.objects.get_or_create(service=service, at=at, defaults={"reported_by": actor, "reported_at": clock.now()})
    return point


@retried
def _follow(pk: int) -> None:
    with transaction.atomic():
        incident = hold(pk)
        if incident.is_open:
            clocks.recompute(incident, now=clock.now())
