"""The OpenAPI document: whole, without doubt, and where the interface says."""

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from portal import access


@pytest.fixture
def schema():
    """As it is made."""
    GENERATOR_STATS.reset()
    return SchemaGenerator().get_schema(request=None, public=True)


def test_it_is_valid_and_nothing_in_it_is_guessed(schema):
    validate_schema(schema)
    assert not GENERATOR_STATS, dict(GENERATOR_STATS._warn_cache) | dict(GENERATOR_STATS._error_cache)


def test_every_method_of_every_rest_route_is_in_it(schema):
    told = sum(len([name for name in methods if name in ("get", "post", "put", "patch", "delete")]) for methods in schema["paths"].values())
    assert told == sum(len(methods) for route, methods in access.rules().items() if route.startswith("api:"))


def test_document_and_page_are_there_for_who_is_signed_in(client, person):
    assert client.get("/api/schema/").status_code == 401 == client.get("/api/docs/").status_code
    client.force_login(person(roles=["viewer"]))
    assert "openapi: 3" in client.get("/api/schema/").content.decode()
    page = client.get("/api/docs/")
    assert page.status_code == 200 and "swagger-ui-bundle" in page.content.decode() and "<script>" not in page.content.decode()
    assert client.get("/api/docs/?script=").headers["Content-Type"].startswith("application/javascript")
