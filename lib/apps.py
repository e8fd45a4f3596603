"""Wires lib into Django."""

from django.apps import AppConfig


class LibConfig(AppConfig):
    """The lib room."""

    name = "lib"
