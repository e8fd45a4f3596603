"""The link in a subscriber's mail (RFC 8058): looking at it changes nothing, pressing or posting ends it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from comms import publication, subscribers


@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def unsubscribe(request: Any, code: str) -> HttpResponse:
    """`/unsubscribe/<code>/`: needs no login, no cookie, no script; says the same for a code that nobody has."""
    if request.method == "POST":
        subscribers.withdraw_by(code)
    return render(request, "comms/unsubscribe.html", {"is_done": request.method == "POST", "product": publication.product().name})
