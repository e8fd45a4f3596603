"""`manage.py backup FILE`: everything in one archive, taken while the portal runs."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from portal import archive


class Command(BaseCommand):
    help = "Write all rows and uploads into one archive that can be restored into SQLite or PostgreSQL."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = archive.write(options["file"])
        except (OSError, Error) as error:
            raise CommandError(f"The backup could not be made: {str(error).strip()}") from error
        count = sum(entry.get("rows", 0) for entry in manifest["files"])
        self.stdout.write(f"{options['file']}: {count} rows, {options['file'].stat().st_size / 1024**2:.1f} MiB")
        place = f"{settings.DATA_DIR / 'secrets' / 'vault_keys'}" if settings.EMBEDDED and "VAULT_KEYS" not in os.environ else "VAULT_KEYS"
        self.stdout.write(f"Its secrets are sealed with the key {', '.join(manifest['vault_keys'])} of {place}: keep that, apart from it.")
