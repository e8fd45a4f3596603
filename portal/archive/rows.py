"""A row as JSON and back, the same for SQLite and PostgreSQL."""

from typing import Any

from django.apps.registry import Apps
from django.db import models

from lib.vault import EncryptedTextField

Row = dict[str, Any]

# Made anew where the archive is restored, or meaningless there.
LEFT_OUT = {
    "auth.group",
    "auth.group_permissions",
    "auth.permission",
    "account.emailconfirmation",
    "contenttypes.contenttype",
    "lib.clockoffset",
    "lib.heartbeat",
    "lib.namedlease",
    "postmortems.drawing",  # drawn again when asked for
    "sessions.session",  # who restores signs in again
    "statuspage.edition",  # made again from the rest
    "statuspage.publishedfile",
    "usersessions.usersession",
}


def kept(apps: Apps) -> list[type[models.Model]]:
    """Every table that belongs into an archive, those between many and many included, by name."""
    found = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy]
    return sorted((model for model in found if model._meta.label_lower not in LEFT_OUT), key=lambda model: model._meta.label_lower)


def dump(instance: models.Model) -> Row:
    """A row as plain JSON by column; sealed values stay sealed, times keep their microseconds."""
    return {field.attname: _dumped(field, instance) for field in instance._meta.concrete_fields}


def _dumped(field: models.Field, instance: models.Model) -> Any:
    value = getattr(instance, field.attname)
    if value is None or isinstance(field, models.JSONField):
        return value
    if isinstance(value, bool | int | float | str) and not isinstance(field, EncryptedTextField):
        return value
    return field.value_to_string(instance)


def load(model: type[models.Model], row: Row) -> models.Model:
    """The instance of a dumped row, not yet saved. Raises KeyError for a column that this model does not have, ValidationError for a wrong value."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    return model(**{name: _loaded(fields[name], value) for name, value in row.items()})


def _loaded(field: models.Field, value: Any) -> Any:
    if value is None or isinstance(field, models.JSONField):
        return value
    if isinstance(field, models.ForeignKey):
        return field.target_field.to_python(value)
    return field.to_python(value)
