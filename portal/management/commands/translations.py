"""`manage.py translations check|update|missing|compile`: hold translations to their sources, without gettext's own programs."""

import sys
from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from portal import access, translations

ROOMS = ("lib", *access.ROOMS)


class Command(BaseCommand):
    help = "Check that every text is translated and compiled; bring .po files in step with the sources; compile them to .mo."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["check", "compile", "missing", "update"])

    def handle(self, *args: Any, **options: Any) -> None:
        root = Path(settings.BASE_DIR)
        catalogues = sorted((root / "locale").glob("*/LC_MESSAGES/django.po")) or [root / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"]
        if options["act"] == "compile":
            for path in catalogues:
                polib.pofile(str(path)).save_as_mofile(str(path.with_suffix(".mo")))
                self.stdout.write(f"{path.with_suffix('.mo').relative_to(root)}")
            return
        sources = translations.of_sources(root, ROOMS)
        if options["act"] == "missing":
            self.list_missing(catalogues, sources)
            return
        if options["act"] == "update":
            for path in catalogues:
                came, went = translations.update(path, sources)
                self.stdout.write(f"{path.relative_to(root)}: {came} new, {went} gone")
            return
        found = [problem for path in catalogues for problem in translations.problems(path, sources)]
        for problem in found:
            self.stdout.write(problem)
        self.stdout.write(f"{len(sources)} texts, {len(found)} problems")
        if found:
            sys.exit(1)

    def list_missing(self, catalogues: list[Path], sources: dict[translations.Message, translations.Source]) -> None:
        """The texts without a translation, as entries to fill in."""
        for path in catalogues:
            known = {(entry.msgctxt or "", entry.msgid) for entry in polib.pofile(str(path)) if entry.translated()} if path.exists() else set()
            for (context, text), source in sources.items():
                if (context, text) not in known:
                    entry = polib.POEntry(msgctxt=context or None, msgid=text, msgid_plural=source.plural, msgstr="", occurrences=[(source.where, "")])
                    self.stdout.write(str(entry))
