"""Wires comms into Django."""

from django.apps import AppConfig


class CommsConfig(AppConfig):
    """The comms room."""

    name = "comms"
