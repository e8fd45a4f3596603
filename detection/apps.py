"""Wires detection into Django."""

from importlib import import_module

from django.apps import AppConfig


class DetectionConfig(AppConfig):
    """The detection room."""

    name = "detection"

    def ready(self) -> None:
        """Listen to merges, offer the panel, say what is pruned."""
        for name in ("receivers", "panels", "retention"):
            import_module(f"detection.{name}").connect()
