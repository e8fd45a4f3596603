"""`manage.py token NAME --user U --scope S…`: makes an API token and prints it alone."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import tokens
from accounts.models import User
from lib.errors import Refused


class Command(BaseCommand):
    """An API token for scripts and other systems."""

    help = "Make an API token for a person and print it; it is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What stands in interface.md, Commands."""
        parser.add_argument("name", help="what uses it")
        parser.add_argument("--user", required=True, help="the person it acts as")
        parser.add_argument("--scope", required=True, action="extend", nargs="+", help=" ".join(tokens.SCOPES))
        parser.add_argument("--service", action="append", default=[], metavar="SLUG", help="tie it to this service (may be given again)")
        parser.add_argument("--expires", type=int, default=tokens.LONGEST_DAYS, metavar="DAYS", help=f"1 to {tokens.LONGEST_DAYS}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the token, or say what is wrong and end with 1."""
        user = User.objects.active().filter(username__iexact=options["user"]).first()
        if user is None:
            raise CommandError(f"nobody active is called {options['user']!r}")
        scopes = [word for scope in options["scope"] for word in scope.split(",") if word]
        try:
            _token, secret = tokens.issue(options["name"], user, scopes, days=options["expires"], services=options["service"], actor=None)
        except Refused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(secret)
