"""Times pages through the whole of Django on a database of its own; prints JSON. Run by `python -m bench`."""

import json
import os
import statistics
import sys
import time
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django
from django.conf import settings

settings.ROOT_URLCONF = "bench.urls"
django.setup()

from django.core.management import call_command
from django.test import Client

from accounts.models import User
from accounts.rules import PUBLIC
from incidents import lifecycle, playbook
from incidents.models import Impact, Incident, Service
from lib import clock
from portal import access

ROUNDS = 40
OPEN = 10  # incidents; with as many on both pages their times differ by the history behind them alone


def prepare() -> Client:
    """A database with one person who is signed in."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    playbook.load()
    access.rules()["bench-select"] = {"GET": PUBLIC}
    user = User.objects.create_user("bench", password=None, roles=["admin", "commander"])
    client = Client(SERVER_NAME="localhost")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def fill(count: int) -> Incident:
    """As many incidents, at most OPEN of them open however long the history, and one that is worked on; returns it."""
    user = User.objects.get(username="bench")
    shown = lifecycle.declare(title="The one that is looked at", severity="P1", services=["api-gateway"], actor=user)
    for number in range(30):
        lifecycle.note(shown, f"Note **{number}** with `code`", actor=user)
    now, version = clock.now(), playbook.current_version()
    rows = []
    for number in range(Incident.objects.count(), count):
        at = now - timedelta(minutes=7 * number)
        state = "diagnosing" if number < OPEN else "closed"
        rows.append(
            Incident(
                reference=f"INC-2020-{number:05d}", title=f"Incident {number} of many", severity=f"P{1 + number % 4}", highest_severity=f"P{1 + number % 4}",
                state=state, playbook=version, began_at=at, detected_at=at, declared_at=at, moved_at=at, source="bench", declared_by=user,
                resolved_at=None if state == "diagnosing" else at,
            )
        )  # fmt: skip
    made = Incident.objects.bulk_create(rows, batch_size=500)
    services = list(Service.objects.all())
    Impact.objects.bulk_create([Impact(incident=row, service=services[row.pk % len(services)]) for row in made], batch_size=500)
    return Incident.objects.get(pk=shown.pk)


def median(client: Client, path: str) -> float:
    """Milliseconds of one GET."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        client.get(path)
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def main() -> None:
    """One line of JSON: name → [milliseconds, milliseconds of the yardstick]."""
    client, found = prepare(), {}
    for count in (OPEN, 10_000):
        shown = fill(count)
        for name, path in (("incident page", f"/incidents/{shown.reference}/"), ("incident list", "/incidents/"), ("board", "/")):
            yard = median(client, "/bench/select/")
            found[f"{name}, {count:,} incidents"] = [median(client, path), yard]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
