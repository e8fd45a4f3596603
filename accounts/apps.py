"""Wires accounts into Django."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from lib import vault


class AccountsConfig(AppConfig):
    """The accounts room."""

    name = "accounts"

    def ready(self) -> None:
        """Listens to allauth, describes its ways to sign in, keeps a default calendar."""
        import_module("accounts.receivers").connect()
        import_module("accounts.retention").connect()
        import_module("accounts.me_parts").connect()
        import_module("accounts.schema")
        vault.also_rotate(import_module("accounts.codes").reseal)
        post_migrate.connect(import_module("accounts.calendars").ensure_default, sender=self, dispatch_uid="accounts.calendars")
