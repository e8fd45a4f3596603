"""Wires comms into Django."""

from importlib import import_module

from django.apps import AppConfig


class CommsConfig(AppConfig):
    """The comms room."""

    name = "comms"

    def ready(self) -> None:
        """Show this room's part of the page about oneself."""
        import_module("comms.me_parts").connect()
