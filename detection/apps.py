"""Wires detection into Django."""

from django.apps import AppConfig


class DetectionConfig(AppConfig):
    """The detection room."""

    name = "detection"
