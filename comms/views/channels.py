"""The state of each channel, a test to oneself, turning one on again."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from comms import channel_states, channels, trials
from comms.models import ChannelState, Delivery
from lib import clock
from lib.errors import NotFound, Refused


def rows() -> list[dict[str, Any]]:
    """Each channel with its state and what waits in it; two queries."""
    states = {state.channel: state for state in ChannelState.objects.all()}
    waiting = dict(Delivery.objects.to_be_sent().order_by().values_list("channel").annotate(Count("id")))
    now, found = clock.now(), []
    for kind in channels.CHANNELS:
        state = states.get(kind)
        found.append(
            {
                "kind": kind,
                "label": channels.label(kind),
                "state": state,
                "is_off": bool(state and state.off_at),
                "is_paused": bool(state and not state.off_at and state.not_before and state.not_before > now),
                "is_configured": kind != channels.EMAIL or bool(settings.EMAIL_URL),
                "goes_to": _server() if kind == channels.EMAIL else "",
                "waiting": waiting.get(kind, 0),
            }
        )
    return found


def _server() -> str:
    """The mail server without its login."""
    parts = urlsplit(settings.EMAIL_URL)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}" if parts.hostname else ""


@require_GET
def channel_list(request: Any) -> HttpResponse:
    """`/settings/channels/`."""
    return render(request, "comms/channels.html", {"rows": rows(), "sender": settings.DEFAULT_FROM_EMAIL})


@require_POST
def channel_act(request: Any, kind: str, act: str) -> HttpResponse:
    """test: a message to oneself; on: use it again."""
    if kind not in channels.CHANNELS or act not in ("on", "test"):
        raise NotFound()
    if act == "on":
        channel_states.turn_on(kind, actor=request.user, request=request)
        messages.success(request, _("%(channel)s is used again.") % {"channel": channels.label(kind)})
        return redirect("comms:channels")
    try:
        made = trials.send_test(kind, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect("comms:channels")
    messages.success(request, _("A test is on its way. Here is what becomes of it."))
    return redirect("comms:message", made.pk)
