"""Wires incidents into Django."""

from importlib import import_module

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """The incidents room."""

    name = "incidents"

    def ready(self) -> None:
        """Offer the core's own acts and panels."""
        import_module("incidents.core_acts").register_all()
        import_module("incidents.core_panels").register_all()
