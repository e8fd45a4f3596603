"""Wires portal into Django."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The portal room."""

    name = "portal"
