"""Whether the person at the keyboard proved a short while ago that it is them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.reauthentication import suspend_request
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from lib import clock

SESSION_KEY = "accounts_proved"


def note(request: HttpRequest, user: Any) -> None:
    """`user` has just given a password or a code."""
    request.session[SESSION_KEY] = [user.pk, clock.now().timestamp()]


def proved(request: HttpRequest) -> bool:
    """Whether that was less than `ACCOUNT_REAUTHENTICATION_TIMEOUT` seconds ago."""
    person, at = request.session.get(SESSION_KEY) or (None, 0)
    return person == request.user.pk and clock.now().timestamp() - at < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def proof_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorator: a POST asks for the password first when the last proof is too old, and goes on by itself afterwards."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not proved(request):
            return suspend_request(request, reverse("account_reauthenticate"))
        return view(request, *args, **kwargs)

    return wrapped
