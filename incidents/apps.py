"""Wires incidents into Django."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """The incidents room."""

    name = "incidents"
