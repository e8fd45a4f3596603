"""Wires statuspage into Django."""

from django.apps import AppConfig


class StatuspageConfig(AppConfig):
    """The statuspage room."""

    name = "statuspage"
