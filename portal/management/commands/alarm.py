"""`manage.py alarm TEXT`: carry a sentence to ALARM_URL; the supervisor calls it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import alarm


class Command(BaseCommand):
    help = "Send one sentence to ALARM_URL."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text")

    def handle(self, *args: Any, **options: Any) -> None:
        if not alarm.ring("supervisor", options["text"]):
            raise CommandError("ALARM_URL is not set or did not take it")
