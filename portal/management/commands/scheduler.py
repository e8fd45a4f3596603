"""`manage.py scheduler`: Celery's beat over the table of sweeps, keeping nothing on disk."""

from typing import Any

from celery.beat import Scheduler
from django.core.management.base import BaseCommand, CommandParser

from portal.celery import app
from portal.control import Control


class Command(BaseCommand):
    help = "Put each sweep on its queue when it is due."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--control", type=int, default=None, help="the supervisor's line (set by `manage.py up`)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["control"] is not None:
            Control(options["control"]).watch()
        app.Beat(scheduler=Scheduler, loglevel="WARNING", quiet=True, max_interval=0.5).run()
