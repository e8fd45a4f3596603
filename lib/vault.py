"""Secrets at rest: AES-GCM with a key outside the database, a key id, and the place they belong to as associated data."""

import base64
import binascii
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models

PREFIX = "vault1"
NONCE = 12  # bytes
PROOF = "vault.proof"  # the context of words that prove a key
BATCH = 500

_others: list[Callable[[], int]] = []


class VaultError(Exception):
    """A sealed text that cannot be opened: its key is gone, or somebody changed or moved it. Never holds the secret."""


def encrypt(text: str, context: str = "") -> str:
    """`text` sealed with the first of VAULT_KEYS; opens only under the same `context` ("app.model.field")."""
    return _seal(text, context, next(iter(settings.VAULT_KEYS)))


def _seal(text: str, context: str, key_id: str) -> str:
    nonce = secrets.token_bytes(NONCE)
    sealed = AESGCM(settings.VAULT_KEYS[key_id]).encrypt(nonce, text.encode(), _associated(key_id, context))
    return f"{PREFIX}:{key_id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def proofs() -> dict[str, str]:
    """Of each of VAULT_KEYS a sealed word that opens under that very key alone; two keys of one name are told apart by it."""
    return {key_id: _seal(key_id, PROOF, key_id) for key_id in settings.VAULT_KEYS}


def lacking(proofs: dict[str, str]) -> list[str]:
    """The keys of these proofs that VAULT_KEYS does not hold, or holds under the same name as another key."""
    found = []
    for key_id, token in proofs.items():
        try:
            decrypt(token, PROOF)
        except VaultError:
            found.append(key_id)
    return found


def decrypt(token: str, context: str = "") -> str:
    """The text of `token`; :class:`VaultError` when it cannot be opened under `context`."""
    prefix, _colon, rest = token.partition(":")
    key_id, _colon, encoded = rest.partition(":")
    if prefix != PREFIX or not encoded:
        raise VaultError(f"{context} holds a value that is not sealed")
    key = settings.VAULT_KEYS.get(key_id)
    if key is None:
        raise VaultError(f"{context} is sealed with the key {key_id!r}, which VAULT_KEYS lacks")
    try:
        raw = base64.urlsafe_b64decode(encoded)
        return AESGCM(key).decrypt(raw[:NONCE], raw[NONCE:], _associated(key_id, context)).decode()
    except (InvalidTag, ValueError, binascii.Error) as error:
        raise VaultError(f"{context} was changed, moved, or sealed with another key named {key_id!r}") from error


def _associated(key_id: str, context: str) -> bytes:
    return f"{PREFIX}:{key_id}:{context}".encode()


def key_of(token: str) -> str:
    """The id of the key that sealed `token`."""
    return token.split(":")[1] if token.startswith(f"{PREFIX}:") else ""


class EncryptedTextField(models.TextField):
    """A text that is sealed in the database and plain in Python. "" and None stay as they are; nothing can be searched.

    Serialisers and backups get the sealed form, and may write it back.
    """

    def get_prep_value(self, value: Any) -> Any:
        """Sealed, unless it is so already (a restored row)."""
        value = super().get_prep_value(value)
        if not value:
            return value
        if key_of(value):
            try:
                decrypt(value, self.context)
                return value
            except VaultError:
                pass  # a text that merely looks sealed
        return encrypt(value, self.context)

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> str | None:
        """Opened."""
        return decrypt(value, self.context) if value else value

    def value_to_string(self, obj: models.Model) -> str:
        """Sealed: exports hold no secrets."""
        return self.get_prep_value(self.value_from_object(obj)) or ""

    def get_lookup(self, lookup_name: str) -> Any:
        """Whether there is one (isnull, exact "") can be asked, nothing else."""
        if lookup_name not in {"isnull", "exact"}:
            raise FieldError(f"{self.context} is sealed; it cannot be searched")
        return super().get_lookup(lookup_name)

    @property
    def context(self) -> str:
        """What binds a sealed text to this column."""
        return f"{self.model._meta.label_lower}.{self.name}"


def sealed_columns() -> Iterator[tuple[type[models.Model], str, str]]:
    """(model, field name, context) of every encrypted field."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field.name, field.context


def also_rotate(reseal: Callable[[], int]) -> None:
    """Let the rotation call `reseal` too, which seals anew what lies elsewhere than in an encrypted field and says how many."""
    if reseal not in _others:
        _others.append(reseal)


def rotate() -> int:
    """Seal everything anew that the first key did not seal; returns how many values that were. Harmless beside running processes."""
    first = next(iter(settings.VAULT_KEYS))
    count = sum(_rotate_column(model, name, context, first) for model, name, context in sealed_columns())
    return count + sum(reseal() for reseal in _others)


def census() -> dict[str, int]:
    """How many values each key id seals; keys in use stand there with 0 too."""
    found = dict.fromkeys(settings.VAULT_KEYS, 0)
    for model, name, _context in sealed_columns():
        for token in _tokens(model, name).values_list("sealed", flat=True).iterator(BATCH):
            found[key_of(token)] = found.get(key_of(token), 0) + 1
    return found


def _tokens(model: type[models.Model], name: str) -> "models.QuerySet":
    return model._base_manager.annotate(sealed=models.functions.Cast(name, models.TextField())).exclude(sealed="").exclude(sealed=None)


def _rotate_column(model: type[models.Model], name: str, context: str, first: str) -> int:
    count = 0
    rows = _tokens(model, name).exclude(sealed__startswith=f"{PREFIX}:{first}:").order_by("pk").values_list("pk", "sealed")
    for key, token in rows.iterator(BATCH):
        again = encrypt(decrypt(token, context), context)
        # Only where nobody changed it meanwhile; then it is sealed with the first key anyhow.
        count += _tokens(model, name).filter(pk=key, sealed=token).update(**{name: models.Value(again, output_field=models.TextField())})
    return count
