"""`manage.py audit [--strict]`: check what must be true; exit 0 clean, 1 found something, 2 could not run."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error

from portal import auditor


class Command(BaseCommand):
    help = "Check the portal's promises over its rows."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--strict", action="store_true", help="read whole histories, not only what moved")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = auditor.audit(full=options["strict"])
        except Error as error:
            self.stderr.write(f"The audit could not be made: {str(error).strip()}")
            sys.exit(2)
        for finding in report.findings:
            self.stdout.write(finding)
        self.stdout.write(f"{len(report.findings)} found in {report.seconds:.1f} s" if report.findings else f"clean ({report.seconds:.1f} s)")
        if report.findings:
            sys.exit(1)
