"""`manage.py up`: prepare, bind, print the address, and become the supervisor of web and engine."""

import errno
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from portal import datadir, prepare, supervisor

LEAVING_SECONDS = 6.0  # children of a supervisor that was killed let go of the port within this time


class Command(BaseCommand):
    help = "Prepare the portal and run all of it until Ctrl-C."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            datadir.make(settings.DATA_DIR, holds_database=settings.EMBEDDED)
            lock = datadir.lock(settings.DATA_DIR)
            listener = bind(settings.HOST, settings.PORT, patience=LEAVING_SECONDS)
            password = prepare.prepare()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        self.greet(password)
        supervisor.become(
            {
                "lock": lock,
                "listener": listener.detach(),
                "children": children(),
                "alarm": [sys.executable, manage(), "alarm"] if settings.ALARM_URL else [],
            }
        )

    def greet(self, password: str) -> None:
        """The address; and the first password, this once."""
        self.stdout.write(f"\n  Incident Portal   {settings.SITE_URL}/")
        self.stdout.write(f"  data              {settings.DATA_DIR}")
        if password:
            self.stdout.write(f"  sign in as        admin   password  {password}")
            self.stdout.write("                    (shown this once; change it under “Me”)")
        self.stdout.write("  Ctrl-C stops it.\n")


def manage() -> str:
    """The path of manage.py."""
    return str(Path(settings.BASE_DIR) / "manage.py")


def children() -> list[dict[str, Any]]:
    """What the supervisor keeps alive. With Redis, Celery runs the sweeps and the engine stands in where Celery is silent."""
    python = [sys.executable, manage()]
    found: list[dict[str, Any]] = [
        {"name": "web", "command": [*python, "web"], "takes_socket": True},
        {"name": "engine", "command": [*python, "engine"]},
    ]
    if settings.REDIS_URL:
        found += [
            {"name": "worker-page", "command": [*python, "worker", "page"], "beats": False},
            {"name": "worker", "command": [*python, "worker", "engine", "checks", "bulk", "pdf"], "beats": False},
            {"name": "scheduler", "command": [*python, "scheduler"], "beats": False},
        ]
    return found


def bind(host: str, port: int, *, patience: float = 0.0) -> socket.socket:
    """The listening socket; raises ImproperlyConfigured with the reason when the address is not to be had within `patience` seconds."""
    end = time.monotonic() + patience
    while True:
        try:
            return listen(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                words = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
                reason = "something else is listening there; set PORT" if error.errno == errno.EADDRINUSE else words
                raise ImproperlyConfigured(f"{host}:{port} cannot be listened on: {reason}") from error
        time.sleep(0.1)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound there; OSError when it cannot be."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener
