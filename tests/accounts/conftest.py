"""Signing in as a browser does."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tests.calling import api

__all__ = ["api"]

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _fresh_cache(db: None) -> None:
    """Throttles start anew for each test."""
    cache.clear()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Argon2 is slow on purpose; what is tested here is what follows from it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


@pytest.fixture
def signed_in() -> Callable[[Any], Client]:
    """A browser signed in with a password, as `signed_in(person)`."""

    def make(user: Any) -> Client:
        if not user.check_password(PASSWORD):
            user.set_password(PASSWORD)
            user.save(update_fields=["password"])
        client = Client()
        answer = client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})
        assert answer.status_code == 302, answer.content.decode()
        return client

    return make
