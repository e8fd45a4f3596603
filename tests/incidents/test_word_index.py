"""The index for searches: made as soon as the database lets us, and said when it is missing."""

import pytest
from django.db import connection

from incidents import word_index
from portal import health


@pytest.fixture
def without():
    """A database whose owner has refused the extension so far."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX IF EXISTS incident_words")


def test_it_is_made_at_a_later_start(without):
    assert word_index.ensure()
    assert word_index.is_there()
    assert word_index.ensure()
    assert health.search_index() == {"ok": True, "optional": True}


def test_a_refused_extension_harms_nothing_and_readiness_says_so(without, monkeypatch, client):
    monkeypatch.setattr(word_index, "EXTENSION", "no_such_extension")
    is_needed = connection.vendor == "postgresql"
    assert word_index.ensure() is not is_needed
    part = client.get("/readyz").json()["parts"]["search_index"]
    assert part["optional"] and part["ok"] is not is_needed
    assert ("CREATE EXTENSION" in part.get("detail", "")) is is_needed
