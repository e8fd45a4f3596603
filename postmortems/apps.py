"""Wires postmortems into Django."""

from importlib import import_module

from django.apps import AppConfig


class PostmortemsConfig(AppConfig):
    """The postmortems room."""

    name = "postmortems"

    def ready(self) -> None:
        """Say what is pruned."""
        import_module("postmortems.retention").connect()
