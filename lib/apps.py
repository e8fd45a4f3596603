"""Wires lib into Django."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from lib import append_only


class LibConfig(AppConfig):
    """The lib room."""

    name = "lib"

    def ready(self) -> None:
        """Triggers follow every migration."""
        post_migrate.connect(append_only.install, dispatch_uid="lib.append_only.install")
