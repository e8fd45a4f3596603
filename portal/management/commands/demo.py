"""`manage.py demo`: the worked example and one open drill, into a portal that is prepared."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from lib.errors import Refused
from portal import demo


class Command(BaseCommand):
    help = "Load the worked example (imported history, no effects) and one open drill; harmless when they are there."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = demo.load()
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{', '.join(made)}: look at /incidents/ and /postmortems/" if made else "the example is there already")
