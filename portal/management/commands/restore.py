"""`manage.py restore FILE`: an archive into an empty database; what it would send is held until a person decides."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import archive, datadir, prepare


class Command(BaseCommand):
    help = "Restore an archive into an empty SQLite or PostgreSQL database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            datadir.make(settings.DATA_DIR, holds_database=settings.EMBEDDED)
            datadir.lock(settings.DATA_DIR)
            prepare.await_database()
            with prepare.alone():
                manifest = archive.restore(options["file"])
        except (ImproperlyConfigured, archive.ArchiveError) as error:
            raise CommandError(str(error)) from error
        count = sum(entry.get("rows", 0) for entry in manifest["files"])
        self.stdout.write(f"{count} rows of {manifest['made_at']} are back.")
        self.stdout.write("Messages that were waiting then are held: start the portal and decide under Messages whether they are sent or dropped.")
        self.stdout.write("Once it runs, manage.py audit --strict proves what was restored.")
