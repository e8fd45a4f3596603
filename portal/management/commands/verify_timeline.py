"""`manage.py verify_timeline [REF]`: prove that stories are whole; exit 0 clean, 1 found something, 2 could not run."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error

from incidents.models import Incident
from incidents.verify import verify


class Command(BaseCommand):
    help = "Verify the hash chain of one incident's timeline, or of all."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", nargs="?", help="INC-2026-001; default all")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = Incident.objects.order_by("pk")
            if options["reference"]:
                rows = rows.filter(reference=options["reference"])
                if not rows.exists():
                    self.stderr.write(f"There is no incident {options['reference']}.")
                    sys.exit(2)
            count, findings = 0, []
            for incident in rows.iterator(chunk_size=200):
                count += 1
                findings += verify(incident)
        except Error as error:
            self.stderr.write(f"The timelines could not be read: {str(error).strip()}")
            sys.exit(2)
        for finding in findings:
            self.stdout.write(finding)
        self.stdout.write(f"{count} timelines, {len(findings)} findings")
        if findings:
            sys.exit(1)
