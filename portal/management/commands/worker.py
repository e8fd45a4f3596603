"""`manage.py worker QUEUE…`: a Celery worker for some queues."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.celery import app
from portal.control import Control
from portal.sweeps import QUEUES


class Command(BaseCommand):
    help = "Run sweeps that the scheduler puts on these queues."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="*", choices=[*QUEUES, []], metavar="QUEUE", help=f"of {', '.join(QUEUES)}; default all")
        parser.add_argument("--concurrency", type=int, default=0, help="processes; default 1 for page, else 2")
        parser.add_argument("--control", type=int, default=None, help="the supervisor's line (set by `manage.py up`)")

    def handle(self, *args: Any, **options: Any) -> None:
        queues = options["queues"] or list(QUEUES)
        if options["control"] is not None:
            Control(options["control"]).watch()
        concurrency = options["concurrency"] or (1 if queues == ["page"] else 2)
        name = "-".join(queues)
        arguments = ["worker", "-Q", ",".join(queues), "-c", str(concurrency), "-n", f"{name}@%h", "-l", "WARNING"]
        app.worker_main([*arguments, "--without-gossip", "--without-mingle", "-O", "fair"])
