"""Texts that live in data in both languages: {"en": …, "zh-hans": …}."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext_lazy as _

from lib.errors import Refused

LANGUAGES = ("en", "zh-hans")


def pick(text: Any, language: str | None = None) -> str:
    """The text in `language` (default: the active one), else in any language that has it. A plain string is itself."""
    if not isinstance(text, dict):
        return str(text or "")
    code = (language or get_language() or "en").lower()
    code = "zh-hans" if code.startswith("zh") else code.split("-")[0]
    return text.get(code) or text.get("en") or next((value for value in text.values() if value), "")


def listed(names: Iterable[Any]) -> str:
    """Names one after the other, as the reader's language lists them."""
    return pgettext("between the names of a list", ", ").join(map(str, names))


def strung(clauses: Iterable[str]) -> str:
    """Clauses of one sentence one after the other, as the reader's language parts them."""
    return pgettext("between the clauses of a sentence", "; ").join(clauses)


WRONG = _("A text takes the languages “en” and “zh-hans”.")


def is_localized(value: Any) -> bool:
    """Whether `value` maps known languages to strings."""
    return isinstance(value, Mapping) and all(key in LANGUAGES and isinstance(text, str) for key, text in value.items())


def require_localized(value: Any) -> None:
    """Raise Refused (422) unless `value` maps known languages to strings."""
    if not is_localized(value):
        raise Refused(WRONG, status=422)


def validate_localized(value: Any) -> None:
    """Raise ValidationError unless `value` maps known languages to strings."""
    if not is_localized(value):
        raise ValidationError(WRONG)


class LocalizedTextField(models.JSONField):
    """A text in both languages; :func:`pick` reads it."""

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs.setdefault("default", dict)
        kwargs.setdefault("validators", [validate_localized])
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Without the validator, which is not data."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("validators", None)
        if kwargs.get("default") is dict:
            kwargs.pop("default")
        return name, path, args, kwargs
