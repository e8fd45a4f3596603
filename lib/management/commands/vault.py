"""Looks after sealed values: manage.py vault rotate|status."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib import vault


class Command(BaseCommand):
    """Rotation of the key that seals secrets in the database."""

    help = "vault rotate: put a new key first in VAULT_KEYS, restart, run this, then drop the old key. vault status: which key seals how many values."

    def add_arguments(self, parser: CommandParser) -> None:
        """One word."""
        parser.add_argument("act", choices=["rotate", "status"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and say how many values."""
        try:
            if options["act"] == "rotate":
                self.stdout.write(f"{vault.rotate()} values sealed anew")
        except vault.VaultError as error:
            raise CommandError(str(error)) from error
        for key_id, count in sorted(vault.census().items()):
            self.stdout.write(f"{key_id or '(not sealed)'}: {count}")
