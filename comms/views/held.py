"""What was waiting when the portal was restored: sent or dropped by a person's word."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from comms import holding
from comms.models import Hold
from lib.errors import Refused


@require_http_methods(["GET", "POST"])
def held(request: HttpRequest) -> HttpResponse:
    """`/messages/held/`."""
    if request.method == "POST":
        try:
            hold = holding.decide(request.POST.get("decision", ""), actor=request.user, request=request)
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("comms:held")
        messages.success(request, _("It is on its way.") if hold.decision == Hold.Decision.SEND else _("It was dropped; nothing of it was sent."))
        return redirect("comms:messages")
    hold_on = holding.current()
    return render(
        request,
        "comms/held.html",
        {"hold": hold_on, "waiting": holding.waiting(hold_on) if hold_on else None, "past": Hold.objects.exclude(ended_at=None).select_related("ended_by")[:5]},
    )
