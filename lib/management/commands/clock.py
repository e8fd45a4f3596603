"""Moves time for tests and demonstrations: manage.py clock +30m|-5m|+2h|+90s|reset."""

import re
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib import clock


class Command(BaseCommand):
    """Shifts the clock of every process on this database."""

    help = "Move time under PORTAL_TESTING=1: clock +30m, clock -5m, clock +2h, clock +90s, clock reset. Without an argument it says the time."

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """A parser that takes -5m for a value, not for an option."""
        parser = super().create_parser(*args, **kwargs)
        parser._negative_number_matcher = re.compile(r"-\d+[a-z]?$")
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """One word."""
        parser.add_argument("shift", nargs="?", help="+30m, -5m, +2h, +90s or reset")

    def handle(self, *args: Any, **options: Any) -> None:
        """Move time, then say it."""
        if not settings.TESTING:
            raise CommandError("Time is moved under PORTAL_TESTING=1 only.")
        if options["shift"] == "reset":
            clock.reset()
        elif options["shift"]:
            try:
                clock.move(clock.shift(options["shift"]).total_seconds())
            except ValueError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(clock.now().isoformat(timespec="seconds"))
