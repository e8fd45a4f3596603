"""`manage.py source KIND NAME`: makes a source and prints its key, alone."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from detection import keys
from detection.sources import KINDS
from incidents.models import Service
from lib.errors import Refused


class Command(BaseCommand):
    """Make a source of alerts."""

    help = f"Make a source of alerts and print its key, which is shown only here. Kinds: {', '.join(KINDS)}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """KIND NAME, and what may be said along with them."""
        parser.add_argument("kind", metavar="KIND", help=", ".join(KINDS))
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--service", metavar="SLUG", default="", help="the service of alerts that name none")
        parser.add_argument("--key-stdin", action="store_true", help="read the key (32 hex characters) from standard input instead of making one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the key. Exits 1 with the reason on standard error."""
        service = Service.objects.current().filter(slug=options["service"]).first() if options["service"] else None
        if options["service"] and service is None:
            raise CommandError(f"There is no service {options['service']!r}.")
        key = sys.stdin.readline().strip() if options["key_stdin"] else ""
        if options["key_stdin"] and not key:
            raise CommandError("There is no key on standard input.")
        try:
            made = keys.create(options["kind"], options["name"], actor=None, service=service, key=key)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(made[1])
