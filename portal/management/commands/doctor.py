"""`manage.py doctor [PART…] [--json]`: look the portal over; exit 0 when nothing is ill, else 1."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import doctor

SIGNS = {"well": "ok  ", "odd": "look", "ill": "ILL "}


class Command(BaseCommand):
    help = "Look the whole portal over and say how what is not well is mended."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("parts", nargs="*", choices=[*doctor.PARTS, []], metavar="PART", help=f"of {', '.join(doctor.PARTS)}; default all")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        is_ill = False
        for finding in doctor.examine(list(options["parts"])):
            is_ill |= finding.level == "ill"
            if options["json"]:
                self.stdout.write(json.dumps(asdict(finding)))
                continue
            self.stdout.write(f"{SIGNS[finding.level]}  {finding.part:<16} {finding.words}".rstrip())
            if finding.remedy:
                self.stdout.write(f"      {'':<16} → {finding.remedy}")
        if is_ill:
            sys.exit(1)
