"""Subscribers: the list, one of them, a file with what it would do, the export."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from comms import subscriber_files, subscribers
from comms.models import Consent, Subscriber
from comms.models.subscriber import LANGUAGES
from comms.subscribers import Wish
from incidents.models import Service
from lib.errors import NotFound, Refused
from lib.i18n import pick
from lib.keyset import page as keyset_page

ORDER = ("-created_at", "-id")
STATES = {"active": Q(ended_at=None, suppressed_at=None), "suppressed": Q(ended_at=None, suppressed_at__isnull=False), "ended": Q(ended_at__isnull=False)}
WORDS = gettext_lazy("How they agreed, and to what")
WORDS_HINT = gettext_lazy("For example “sign-up form of 2026-03” or “contract, clause 7”. It is kept with their consent.")


def service_choices() -> list[tuple[str, str]]:
    """What one may choose."""
    return [(row.slug, pick(row.name)) for row in Service.objects.filter(archived=False)]


class ChoiceForm(forms.Form):
    """What a subscriber hears."""

    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=LANGUAGES)
    services = forms.MultipleChoiceField(
        label=gettext_lazy("Services"), required=False, widget=forms.CheckboxSelectMultiple, help_text=gettext_lazy("None chosen: all of them.")
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["services"].choices = service_choices()  # type: ignore[attr-defined]


class AddForm(ChoiceForm):
    """A new one."""

    channel = forms.ChoiceField(label=pgettext_lazy("way to reach somebody", "By"), choices=Subscriber.Channel.choices)
    address = forms.CharField(label=gettext_lazy("Address"), max_length=254)
    words = forms.CharField(label=WORDS, max_length=200, help_text=WORDS_HINT)
    field_order = ("channel", "address", "language", "services", "words")


class FileForm(forms.Form):
    """Lines to be taken in."""

    file = forms.FileField(label=gettext_lazy("CSV file"), required=False)
    lines = forms.CharField(
        label=gettext_lazy("or lines"), required=False, widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "placeholder": "mina@example.org,en"})
    )
    words = forms.CharField(label=WORDS, max_length=200, help_text=WORDS_HINT)


@never_cache
@require_http_methods(["GET", "POST"])
def subscriber_list(request: Any) -> HttpResponse:
    """`/messages/subscribers/`; POST adds one."""
    form = AddForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        wish = Wish(said["address"], said["language"], tuple(said["services"]), said["channel"])
        try:
            made, is_new = subscribers.add(wish, source=Consent.Source.CONSOLE, words=said["words"], actor=request.user, request=request)
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            if is_new and made.secret:
                return _one(request, made, secret=made.secret)
            messages.success(request, _("Added.") if is_new else _("They subscribe already."))
            return redirect("comms:subscriber", made.pk)
    wanted = {name: request.GET[name] for name in ("q", "state") if request.GET.get(name)}
    found = Subscriber.objects.known().searched(wanted.get("q", "")).filter(STATES.get(wanted.get("state", ""), Q()))
    counts = dict(Subscriber.objects.active().order_by().values_list("language").annotate(Count("id")))
    context = {
        "page": keyset_page(found.prefetch_related("services"), order=ORDER, cursor=request.GET.get("cursor"), limit=50),
        "form": form,
        "wanted": wanted,
        "counts": [(label, counts[code]) for code, label in LANGUAGES if code in counts],
    }
    return render(request, "comms/subscribers.html", context, status=422 if form.errors else 200)


def _one(request: Any, subscriber: Subscriber, *, secret: str = "", form: Any = None) -> HttpResponse:
    form = form or ChoiceForm(initial={"language": subscriber.language, "services": [service.slug for service in subscriber.services.all()]})
    context = {"subscriber": subscriber, "consents": subscriber.consents.select_related("by"), "form": form, "secret": secret}
    return render(request, "comms/subscriber.html", context, status=422 if form.is_bound and form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def subscriber(request: Any, pk: int) -> HttpResponse:
    """`/messages/subscribers/<id>/`; POST changes what they hear."""
    found = subscribers.find(pk)
    if request.method == "GET":
        return _one(request, found)
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        return _one(request, found, form=form)
    subscribers.change(found, language=form.cleaned_data["language"], services=form.cleaned_data["services"], actor=request.user, request=request)
    messages.success(request, _("Saved."))
    return redirect("comms:subscriber", pk)


@never_cache
@require_POST
def subscriber_act(request: Any, pk: int, act: str) -> HttpResponse:
    """end, lift, erase, secret."""
    found = subscribers.find(pk)
    try:
        if act == "secret":
            secret = subscribers.rotate(found, actor=request.user, request=request)
            return _one(request, subscribers.find(pk), secret=secret)
        if act == "erase":
            subscribers.erase(found, source=Consent.Source.CONSOLE, actor=request.user, request=request)
            messages.success(request, _("Erased. That they agreed, and withdrew, stays without a name."))
            return redirect("comms:subscribers")
        if act == "end":
            subscribers.withdraw(found, source=Consent.Source.CONSOLE, actor=request.user, request=request)
        elif act == "lift":
            subscribers.lift(found, actor=request.user, request=request)
        else:
            raise NotFound()
    except Refused as refused:
        if refused.status == NotFound.status:
            raise
        messages.error(request, str(refused))
    return redirect("comms:subscriber", pk)


@never_cache
@require_http_methods(["GET", "POST"])
def subscriber_import(request: Any) -> HttpResponse:
    """`/messages/subscribers/import/`: first what the lines would do, then (`take`) it is done."""
    form = FileForm(request.POST or None, request.FILES or None)
    reading = None
    if request.method == "POST" and form.is_valid():
        raw = form.cleaned_data["file"].read(subscriber_files.LONGEST + 1) if form.cleaned_data["file"] else form.cleaned_data["lines"]
        try:
            reading = subscriber_files.read(raw)
            if "take" in request.POST and reading.taken:
                count = subscriber_files.take(reading, words=form.cleaned_data["words"], actor=request.user, request=request)
                messages.success(request, ngettext("%(count)s subscriber is new.", "%(count)s subscribers are new.", count) % {"count": count})
                return redirect("comms:subscribers")
        except Refused as refused:
            form.add_error(None, str(refused))
    lines = subscriber_files.lines(reading.taken) if reading else ""
    return render(request, "comms/subscriber_import.html", {"form": form, "reading": reading, "lines": lines}, status=422 if form.errors else 200)


@never_cache
@require_GET
def subscriber_export(request: Any) -> HttpResponse:
    """What matches as CSV."""
    text = subscriber_files.export(request.GET.get("q", ""), actor=request.user, request=request)
    headers = {"Content-Disposition": 'attachment; filename="subscribers.csv"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
