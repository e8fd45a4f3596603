"""Calling the REST API as scripts do: with a token."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import tokens


@pytest.fixture
def api() -> Callable[..., APIClient]:
    """A client that acts as a person: `api(user)`, or with other scopes than read and write `api(user, "read")`."""

    def make(user: Any, *scopes: str) -> APIClient:
        client = APIClient()
        _token, secret = tokens.issue("test", user, list(scopes or ["read", "write"]), actor=user)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return client

    return make
