"""Sent messages: the list, one message with its attempts, sending again."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.abilities import Ability
from comms import alarms, catalogue, channels, health, resend, search
from comms.models import Alarm, Delivery, Obligation, Priority
from lib import clock
from lib.errors import NotFound, Refused
from lib.keyset import page as keyset_page

FILTERS = ("state", "channel", "incident", "person", "announcement")
TONES = {"due": "outline", "sent": "good", "dead": "bad", "dropped": "outline", "expired": "warn"}
SHOWN_UPDATES = 20


def dressed(delivery: Delivery) -> Delivery:
    """The row with what templates show of it."""
    delivery.kind_label = catalogue.label(delivery.kind)  # type: ignore[attr-defined]
    delivery.channel_label = channels.label(delivery.channel)  # type: ignore[attr-defined]
    delivery.tone = TONES.get(delivery.state, "outline")  # type: ignore[attr-defined]
    return delivery


@require_GET
def message_list(request: Any) -> HttpResponse:
    """`/messages/`: updates due, then what went out, newest first."""
    wanted = {name: request.GET.get(name, "") for name in FILTERS if request.GET.get(name)}
    refusal = ""
    try:
        found = search.deliveries(request.user, wanted)
        if not wanted:
            found = found.exclude(priority=Priority.SUBSCRIBER)  # thousands would drown the rest; each mail to the users has its own page
    except Refused as refused:
        refusal, found = str(refused), Delivery.objects.none()
    page = keyset_page(found.defer(*search.LIST_ONLY), order=search.ORDER, cursor=request.GET.get("cursor"), limit=50)
    for row in page.rows:
        dressed(row)
    context = {
        "page": page,
        "wanted": wanted,
        "refusal": refusal,
        "states": Delivery.State.choices,
        "channels": [(kind, label) for kind, (label, _path) in channels.CHANNELS.items()],
        "alarms": [(alarm, health.describe(alarm)) for alarm in Alarm.objects.filter(cleared_at=None)],
        "updates": [] if wanted or request.GET.get("cursor") else _updates_due(request.user),
        "may_publish": request.user.can(Ability.PUBLISH),
        "may_configure": request.user.can(Ability.CONFIGURE),
        "may_respond": request.user.can(Ability.RESPOND),
    }
    return render(request, "comms/messages.html", context)


def _updates_due(user: Any) -> list[Obligation]:
    now, rows = clock.now(), list(search.obligations(user, {})[:SHOWN_UPDATES])
    for row in rows:
        row.is_late = row.due_at <= now  # type: ignore[attr-defined]
    return rows


def find(user: Any, pk: int) -> Delivery:
    """A delivery that `user` may see; raises NotFound."""
    delivery = search.deliveries(user, {}).select_related("again_of", "alarm").filter(pk=pk).first()
    if delivery is None:
        raise NotFound(_("There is no such message."))
    return delivery


@require_GET
def message(request: Any, pk: int) -> HttpResponse:
    """`/messages/<id>/`: what was said to whom, every attempt, and the provider's words."""
    delivery = dressed(find(request.user, pk))
    context = {
        "delivery": delivery,
        "tries": delivery.tries.all(),
        "is_secret": delivery.kind in catalogue.kinds() and catalogue.kind(delivery.kind).is_secret,
        "again": [dressed(row) for row in delivery.sent_again.order_by("id")],
        "may_send_again": request.user.can(Ability.RESPOND) and resend.may_be_sent_again(delivery),
    }
    return render(request, "comms/message.html", context)


@require_POST
def send_again(request: Any, pk: int) -> HttpResponse:
    """Send it once more, as a new message."""
    try:
        made = resend.send_again(find(request.user, pk), actor=request.user, request=request)
    except Refused as refused:
        if refused.status == NotFound.status:
            raise
        messages.error(request, str(refused))
        return redirect("comms:message", pk)
    messages.success(request, _("It is being sent again."))
    return redirect("comms:message", made.pk)


@require_POST
def alarm_seen(request: Any, pk: int) -> HttpResponse:
    """Take an alarm from the red strip."""
    alarm = Alarm.objects.filter(pk=pk).first()
    if alarm is None:
        raise NotFound()
    alarms.seen(alarm, actor=request.user, request=request)
    messages.success(request, _("Noted. It comes back when it happens again."))
    return redirect("comms:messages")
