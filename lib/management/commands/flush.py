"""Django's flush, through the append-only tables' one door."""

from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.management.commands.flush import Command as FlushCommand

from lib import append_only


class Command(FlushCommand):
    """Empties every table, the append-only ones and the database cache too (transactional tests call it after each test)."""

    def handle(self, **options: Any) -> None:
        with append_only.unlocked(options["database"]):
            super().handle(**options)
        if str(settings.CACHES["default"]["BACKEND"]).endswith("DatabaseCache"):
            cache.clear()
