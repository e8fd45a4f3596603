"""`manage.py engine [--once]`: run due sweeps, for ever or until nothing is due."""

import os
import signal
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from comms import drain
from lib import pulse
from portal import datadir, engine, understudy
from portal.control import Control


class Command(BaseCommand):
    help = "Run what happens by itself: deliveries, steps, clocks, audits."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="run until nothing is due, then end")
        parser.add_argument("--control", type=int, default=None, help="the supervisor's line (set by `manage.py up`)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            worked, failures = engine.run_once()
            self.stdout.write(f"{worked} done")
            if failures:
                raise CommandError("\n".join(failures))
            return
        control = Control(options["control"]) if options["control"] is not None else None
        if control is None:
            try:
                datadir.make(settings.DATA_DIR, holds_database=settings.EMBEDDED)
                datadir.lock(settings.DATA_DIR)
            except ImproperlyConfigured as error:
                raise CommandError(str(error)) from error
        pulse.start()
        loop = engine.Engine(beat=control.beat if control else None, wanted=understudy.Understudy().wanted if settings.REDIS_URL else None)

        def stop(*_: Any) -> None:
            drain.stopping.set()
            loop.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        if control:
            control.watch(stop)
        loop.run()
        if loop.is_busy():
            os._exit(0)  # a thread that will not end must not hold the exit; its leases run out
