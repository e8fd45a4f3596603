"""The access table: every route is declared, and every ability is refused to those who lack it."""

import re
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import get_converters

from accounts import tokens
from accounts.abilities import ROLES, Ability
from accounts.rules import PUBLIC, SIGNED_IN, Rule, full
from portal import access, logs

SAMPLES = ("x", "1", "INC-2026-001", "P1", "00000000-0000-0000-0000-000000000000", "0" * 32)


def routes(resolver: URLResolver | None = None, names: tuple[str, ...] = (), prefix: str = "") -> list[tuple[str, str, Any]]:
    """(view name, path pattern, callback) of every route there is."""
    resolver = resolver or get_resolver()
    found: list[tuple[str, str, Any]] = []
    for part in resolver.url_patterns:
        if isinstance(part, URLResolver):
            inner = (*names, part.namespace) if part.namespace else names
            found += routes(part, inner, prefix + str(part.pattern))
        elif isinstance(part, URLPattern):
            found.append((":".join((*names, part.name or "")), prefix + str(part.pattern), part.callback))
    return found


def sample(found: re.Match[str]) -> str:
    """A word that the converter of a pattern's part takes."""
    wanted = get_converters()[found.group(1) or "str"].regex
    return next(word for word in SAMPLES if re.fullmatch(wanted, word))


def address(pattern: str) -> str:
    """An address that the pattern matches."""
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", sample, pattern)


def methods(route: str) -> dict[str, Rule]:
    return {method: full(declared) for method, declared in access.rules()[route].items()}


def test_every_route_of_the_urlconf_is_declared():
    undeclared = sorted({name for name, _path, _view in routes()} - set(access.rules()))
    assert undeclared == [], "say in the room's access.py who may call these"


def test_nothing_is_declared_that_is_no_route():
    gone = sorted(set(access.rules()) - {name for name, _path, _view in routes()})
    assert gone == []


def test_every_route_has_a_name():
    assert [path for name, path, _view in routes() if not name.rpartition(":")[2]] == []


def test_keys_and_tokens_in_addresses_are_masked_in_logs():
    secret = "Zq3-" + "x9_Y" * 8
    # The key of an item of the playbook is its name.
    carrying = [path for name, path, _view in routes() if not name.endswith(":playbook-item") and re.search(r"<(?:\w+:)?(?:token|key)>", path)]
    assert len(carrying) >= 3
    for path in carrying:
        line = "GET " + address(re.sub(r"<(?:\w+:)?(?:token|key)>", secret, path)) + " 200"
        assert secret not in logs.mask(line), path


def test_every_rest_view_checks_the_table():
    lax = [name for name, _path, view in routes() if hasattr(view, "cls") and hasattr(view.cls, "permission_classes") and not access.checks_itself(view)]
    assert lax == []


def test_rest_views_declare_each_method_they_have():
    missing = []
    for name, _path, view in routes():
        if not hasattr(view, "cls"):
            continue
        has = {method.upper() for method in (getattr(view, "actions", None) or {})} or {
            method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view.cls, method)
        }
        missing += [(name, method) for method in has - set(access.rules().get(name, {}))]
    assert missing == []


@pytest.mark.django_db
def test_a_route_declared_nowhere_is_refused(monkeypatch, client):
    table = {name: rule for name, rule in access.rules().items() if name != "accounts:invite"}
    monkeypatch.setattr(access, "rules", lambda: table)
    assert client.get("/accounts/invite/x/").status_code == 403


@pytest.mark.django_db
def test_a_method_declared_nowhere_is_not_allowed(client, person):
    client.force_login(person(roles=["admin"]))
    answer = client.post("/settings/audit/")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET"


@pytest.mark.django_db
def test_signed_out_every_page_leads_to_sign_in_and_back(client):
    for name, path, view in routes():
        rule = methods(name).get("GET")
        if rule is None or rule.needs is PUBLIC or hasattr(view, "cls") or path.startswith("api/"):
            continue
        answer = client.get(address(path))
        assert answer.status_code == 302, name
        assert answer.headers["Location"].startswith("/accounts/login/"), name


@pytest.mark.django_db
def test_signed_out_every_rest_route_answers_401(client):
    for name, path, _view in routes():
        if not name.startswith("api:"):
            continue
        for method, rule in methods(name).items():
            if rule.needs is PUBLIC:
                continue
            answer = client.generic(method, address(path))
            assert answer.status_code == 401, (name, method)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer"), name


@pytest.mark.parametrize("ability", list(Ability))
@pytest.mark.django_db
def test_every_ability_is_refused_to_those_who_lack_it(ability, person, client):
    """One refusal per ability and route: the person holds all others."""
    lacking = person(roles=[], extra_abilities=[other.value for other in Ability if other is not ability])
    client.force_login(lacking)
    for name, path, _view in routes():
        for method, rule in methods(name).items():
            if rule.needs is ability:
                answer = client.generic(method, address(path), headers={"Accept": "text/html"})
                assert answer.status_code == 403, (name, method)


@pytest.mark.django_db
def test_a_deactivated_person_is_signed_out(person, client):
    sam = person(roles=["admin"])
    client.force_login(sam)
    type(sam).objects.filter(pk=sam.pk).update(is_active=False)
    assert client.get("/settings/audit/").status_code == 302


@pytest.mark.django_db
def test_htmx_is_sent_to_sign_in_by_header(client):
    answer = client.get("/me/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/incidents/?status=open"})
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=%2Fincidents%2F%3Fstatus%3Dopen"


@pytest.mark.parametrize("back", ["https://evil.example/x", "//evil.example/", "javascript:alert(1)", "/\\evil.example", "http:///evil.example"])
def test_the_way_back_stays_on_this_origin(back):
    request = RequestFactory().get("/")
    assert "evil" not in access.login_address(request, back)
    assert "javascript" not in access.login_address(request, back)


@pytest.mark.django_db
def test_rest_refusals_are_problems(person, client):
    client.force_login(person(roles=["viewer"]))
    answer = client.get("/api/v1/audit/")
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 403


@pytest.mark.parametrize(
    ("scopes", "method", "path", "status"),
    [
        (["read"], "GET", "/api/v1/people/", 200),
        (["write"], "GET", "/api/v1/people/", 200),
        (["admin"], "GET", "/api/v1/people/", 200),
        (["ingest"], "GET", "/api/v1/people/", 403),
        (["deploy", "recovery", "publish"], "GET", "/api/v1/people/", 403),
        (["read"], "POST", "/api/v1/calendars/", 403),
        (["write"], "POST", "/api/v1/calendars/", 400),
        (["write"], "POST", "/api/v1/people/", 403),
        (["admin"], "POST", "/api/v1/people/", 400),
    ],
)
@pytest.mark.django_db
def test_a_token_reaches_as_far_as_its_scopes(scopes, method, path, status, person, client):
    _token, secret = tokens.issue("test", person(roles=["admin"]), scopes, actor=None)
    answer = client.generic(method, path, b"{}", content_type="application/json", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == status


@pytest.mark.django_db
def test_a_token_never_reaches_further_than_its_person(person, client):
    _token, secret = tokens.issue("test", person(roles=["viewer"]), ["admin"], actor=None)
    assert client.get("/api/v1/audit/", headers={"Authorization": f"Bearer {secret}"}).status_code == 403


@pytest.mark.django_db
def test_a_token_opens_no_page(person, client):
    _token, secret = tokens.issue("test", person(roles=["admin"]), ["admin"], actor=None)
    assert client.get("/settings/audit/", headers={"Authorization": f"Bearer {secret}"}).status_code == 302


@pytest.mark.django_db
def test_a_tied_token_is_refused_where_no_service_is_named(person, client):
    _token, secret = tokens.issue("test", person(roles=["admin"]), ["admin"], services=["api-gateway"], actor=None)
    assert client.get("/api/v1/people/", headers={"Authorization": f"Bearer {secret}"}).status_code == 403


@pytest.mark.parametrize(("named", "allowed"), [(["api-gateway"], True), (["api-gateway", "cache"], False), (["cache"], False), ([], False)])
@pytest.mark.django_db
def test_a_tied_token_speaks_for_its_services_only(named, allowed, person):
    token, _secret = tokens.issue("test", person(), ["write"], services=["api-gateway"], actor=None)
    rule = Rule(Ability.RESPOND, service="services")
    assert access.token_permits(token, rule, "POST", "api:incident-list", lambda name: named) is allowed


def test_roles_are_what_the_design_says():
    assert ROLES["admin"] == frozenset(Ability) - {Ability.SEE_PRIVATE}
    assert all(Ability.SEE in abilities for abilities in ROLES.values())


@pytest.mark.django_db
def test_csrf_holds_for_sign_in_and_for_the_session_over_rest(person):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/accounts/login/", {"login": "a", "password": "b"}).status_code == 403
    strict.force_login(person(roles=["admin"]))
    assert strict.post("/api/v1/calendars/", b"{}", content_type="application/json").status_code == 403


def test_signed_in_and_public_are_no_abilities():
    assert SIGNED_IN not in list(Ability)
