"""Wires portal into Django."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PortalConfig(AppConfig):
    """The portal room."""

    name = "portal"

    def ready(self) -> None:
        """Find what each room offers by the name of its module."""
        autodiscover_modules("playbook", "messages", "receivers", "acts", "panels", "figures", "guards", "sinks")
