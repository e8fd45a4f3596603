"""Tables that only grow: database triggers refuse UPDATE, DELETE and TRUNCATE, whoever asks."""

from django.db import models

PROTECTED: dict[type[models.Model], str] = {}


def protect(model: type[models.Model], *, allow_update: str = "") -> None:
    """Make `model` append-only. `allow_update` is the one SQL condition on OLD and NEW under which a row may change
    ({true} and {false} stand for the database's booleans)."""
    PROTECTED[model] = allow_update
