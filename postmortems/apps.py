"""Wires postmortems into Django."""

from django.apps import AppConfig


class PostmortemsConfig(AppConfig):
    """The postmortems room."""

    name = "postmortems"
