"""Reads the environment into settings and names everything that is wrong at once."""

import ipaddress
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured


class Environment:
    """One reading of the environment; every problem is kept until :meth:`finish` raises them together."""

    def __init__(self, source: dict[str, str] | None = None):
        self.source = dict(os.environ if source is None else source)
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        """The value of ``NAME``, or the content of the file that ``NAME_FILE`` points to."""
        path = self.source.get(f"{name}_FILE")
        if path and self.source.get(name):
            self.problem(f"{name} and {name}_FILE are both set; keep one")
        if path:
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                self.problem(f"{name}_FILE cannot be read: {error.strerror if isinstance(error, OSError) else error}")
                return default
        return self.source.get(name, "").strip() or default

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean: 1/true/yes/on or 0/false/no/off."""
        value = self.text(name).lower()
        if not value:
            return default
        if value in {"1", "true", "yes", "on"}:
            return True
        if value not in {"0", "false", "no", "off"}:
            self.problem(f"{name} is {value!r}; use 1 or 0")
        return False

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        """A whole number between ``low`` and ``high``."""
        value = self.text(name)
        if not value:
            return default
        if not value.isdecimal() or not low <= int(value) <= high:
            self.problem(f"{name} is {value!r}; it takes a whole number from {low} to {high}")
            return default
        return int(value)

    def words(self, name: str) -> list[str]:
        """A list separated by commas or blanks."""
        return [word for word in self.text(name).replace(",", " ").split() if word]

    def choice(self, name: str, default: str, allowed: set[str]) -> str:
        """One of ``allowed``."""
        value = self.text(name, default)
        if value not in allowed:
            self.problem(f"{name} is {value!r}; it takes one of {', '.join(sorted(allowed))}")
            return default
        return value

    def url(self, name: str, default: str = "", *, schemes: tuple[str, ...] = ("http", "https")) -> str:
        """An address without a trailing slash, with one of ``schemes`` and a host."""
        value = self.text(name, default).rstrip("/")
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            parts.port  # noqa: B018 - raises when the port is no number
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in schemes or not parts.hostname:
            self.problem(f"{name} takes an address like {schemes[-1]}://host")  # the value may hold a secret
            return default
        return value

    def networks(self, name: str) -> list[str]:
        """CIDR networks."""
        for word in self.words(name):
            try:
                ipaddress.ip_network(word, strict=False)
            except ValueError:
                self.problem(f"{name} holds {word!r}, which is no address or network")
        return self.words(name)

    def database(self, name: str) -> dict | None:
        """A PostgreSQL address as Django's dictionary, or None where the variable is unset."""
        value = self.text(name)
        if not value:
            return None
        parsed = environ.Env.db_url_config(value) if value.startswith(("postgres://", "postgresql://")) else None
        if not parsed or not parsed.get("NAME"):
            self.problem(f"{name} takes postgresql://user:password@host:port/name; leave it unset for SQLite")
            return None
        return parsed

    def secret(self, name: str, folder: Path | None) -> str:
        """``NAME``, or where ``folder`` is given a secret made once and kept there with mode 0600."""
        value = self.text(name)
        if value or folder is None:
            if not value:
                self.problem(f"{name} is not set")
            return value
        path = folder / name.lower()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                # Written beside and linked: two first starts at once agree on one secret.
                draft = folder / f".{name.lower()}.{secrets.token_hex(4)}"
                descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w") as handle:
                    handle.write(secrets.token_urlsafe(50))
                try:
                    os.link(draft, path)
                except FileExistsError:
                    pass
                finally:
                    draft.unlink()
            return path.read_text().strip()
        except OSError as error:
            self.problem(f"{name} cannot be kept in {folder}: {error.strerror}")
            return ""

    def attempt(self, name: str, read: Callable[[], Any]) -> None:
        """Note what `read` finds wrong with the value of ``name``."""
        try:
            read()
        except (ValueError, LookupError) as error:
            self.problem(f"{name}: {error.args[0] if error.args else error}")

    def problem(self, text: str) -> None:
        """Note one thing that is wrong."""
        self.problems.append(text)

    def finish(self) -> None:
        """Raise ImproperlyConfigured with all problems, if there are any."""
        if self.problems:
            raise ImproperlyConfigured("The environment is not usable:\n" + "\n".join(f"  - {text}" for text in self.problems))
