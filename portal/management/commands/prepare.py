"""`manage.py prepare`: what `manage.py up` does before it serves, alone; for containers."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from portal import datadir, prepare


class Command(BaseCommand):
    help = "Bring database and files up to this code; prints the first administrator's password when it was just made."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            datadir.make(settings.DATA_DIR, holds_database=settings.EMBEDDED)
            password = prepare.prepare()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        if password:
            self.stdout.write(f"sign in at {settings.SITE_URL}/ as admin, password {password} (shown this once)")
