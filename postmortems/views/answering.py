"""How these pages answer a press: back to the document, or its changed part for the page's script."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from lib.errors import Refused


def back(request: HttpRequest, to: Any, said: str = "", refused: Refused | None = None) -> HttpResponse:
    """To the page that the press came from, if it is one of ours, else to `to`, with what was done or why it was not."""
    if refused is not None:
        messages.error(request, str(refused))
    elif said:
        messages.success(request, said)
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(wanted if ours else to)
