"""Who may call which route: one table made of every room's `access.py`, default deny."""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from rest_framework.permissions import BasePermission

from accounts import tokens
from accounts.abilities import Ability
from accounts.models import ApiToken
from accounts.problems import plain_problem
from accounts.rules import PUBLIC, SIGNED_IN, Rule, Rules, full

ROOMS = ("accounts", "incidents", "comms", "detection", "statuspage", "postmortems", "portal")
READING = {"GET", "HEAD", "OPTIONS"}


def collect() -> Rules:
    """The tables of all rooms as one. Raises ValueError for a route declared twice."""
    table: Rules = {}
    for room in ROOMS:
        name = "portal.routes" if room == "portal" else f"{room}.access"
        if find_spec(name) is None:
            continue
        for route, methods in import_module(name).RULES.items():
            if route in table:
                raise ValueError(f"the route {route} is declared twice")
            table[route] = methods
    return table


@lru_cache(maxsize=1)
def rules() -> Rules:
    """The one table."""
    return collect()


def rule_for(route: str, method: str) -> Rule | None:
    """What `route` asks for `method`; HEAD and OPTIONS ask what GET asks, else what any method asks. None: undeclared."""
    methods = rules().get(route, {})
    declared = methods.get(method)
    if declared is None and method in READING:
        declared = methods.get("GET") or (next(iter(methods.values()), None) if method == "OPTIONS" else None)
    return None if declared is None else full(declared)


def permits(user: Any, rule: Rule) -> bool:
    """Whether `user` holds what `rule` needs, tokens aside."""
    if rule.needs is PUBLIC:
        return True
    if not user.is_authenticated:
        return False
    return rule.needs is SIGNED_IN or (isinstance(rule.needs, Ability) and user.can(rule.needs))


def token_permits(token: ApiToken, rule: Rule, method: str, route: str, named: Callable[[str], list[str]]) -> bool:
    """Whether `token` carries the scope (GET reads, others write, unless the rule says) and is not tied to other services."""
    scope = rule.scope or ("read" if method in READING else "write")
    if rule.needs is PUBLIC and not rule.scope:
        return True
    if not tokens.allows(token, scope):
        return False
    if not token.services:
        return True
    services = named(rule.service or ("slug" if route.startswith("api:service-") else ""))
    return bool(services) and tokens.covers(token, services)


class AccessMiddleware:
    """Enforces the table on every view that Django calls; REST views check again with :class:`RoutePermission`, which knows tokens."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """None lets the view run."""
        match = request.resolver_match
        route, method = match.view_name if match else "", request.method or "GET"
        if route not in rules():
            return self.forbidden(request, _("This page is not open to anybody."))
        if checks_itself(view):
            return None
        rule = rule_for(route, method)
        if rule is None:
            return HttpResponseNotAllowed(sorted(rules()[route]))
        if permits(request.user, rule):
            return None
        return self.forbidden(request, _("You may not do this.")) if request.user.is_authenticated else self.signed_out(request)

    def forbidden(self, request: HttpRequest, detail: str) -> HttpResponse:
        """403 in the caller's shape."""
        if is_api(request):
            return plain_problem(request, 403, detail)
        raise PermissionDenied(detail)

    def signed_out(self, request: HttpRequest) -> HttpResponse:
        """The way to sign in, in the caller's shape."""
        if is_api(request):
            return plain_problem(request, 401, _("Sign in, or send a token."), headers={"WWW-Authenticate": 'Bearer realm="portal"'})
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=401, headers={"HX-Redirect": login_address(request, request.headers.get("HX-Current-URL", ""))})
        return redirect(login_address(request, request.get_full_path() if request.method in READING else request.headers.get("Referer", "")))


def checks_itself(view: Any) -> bool:
    """Whether `view` is a REST view that has :class:`RoutePermission`."""
    cls = getattr(view, "cls", None)
    return RoutePermission in getattr(cls, "permission_classes", ())  # APIView itself cannot be imported here: its module imports this one


def is_api(request: HttpRequest) -> bool:
    """Whether a machine is asking."""
    return request.path.startswith("/api/")


def login_address(request: HttpRequest, back: str) -> str:
    """The sign-in page that leads back to `back`, if that is an address of ours."""
    login = reverse("account_login")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return login
    parts = urlsplit(back)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return f"{login}?{urlencode({'next': path})}" if path.startswith("/") and path != "/" else login


class RoutePermission(BasePermission):
    """The same table for REST, with the token's scopes and services."""

    def has_permission(self, request: Any, view: Any) -> bool:
        """False answers 401 without and 403 with a person."""
        match = request.resolver_match
        route = match.view_name if match else ""
        rule = rule_for(route, request.method)
        if rule is None:
            # A method that the view does not have is a 405 of DRF's; one that it has but nobody declared is refused.
            return route in rules() and request.user.is_authenticated and getattr(view, request.method.lower(), None) is None
        if not permits(request.user, rule):
            return False
        if not isinstance(request.auth, ApiToken):
            return True
        if token_permits(request.auth, rule, request.method, route, lambda name: named_services(request, view, name)):
            return True
        self.message = _("This token's scopes or services do not reach here.")
        return False


def named_services(request: Any, view: Any, name: str) -> list[str]:
    """The service slugs that a request is about: in its path, else its query, else its body."""
    if not name:
        return []
    found = view.kwargs.get(name) or request.query_params.get(name)
    if not found and isinstance(request.data, dict):
        found = request.data.get(name)
    words = found if isinstance(found, list) else [found]
    return [word for word in words if isinstance(word, str) and word]
