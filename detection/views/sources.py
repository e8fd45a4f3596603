"""Settings: who sends alerts, their keys, and what labels mean."""

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from detection import board, keys, mapping, restating, trial
from detection.forms import MappingForm, SourceChangeForm, SourceForm
from detection.models import Mapping, Source
from detection.sources import KINDS
from lib import clock
from lib.errors import Refused

PLACEHOLDER = "KEY-OF-THIS-SOURCE"
MAPPINGS = "/settings/sources/#mappings"


@require_http_methods(["GET", "POST"])
def source_list(request: HttpRequest) -> HttpResponse:
    """`/settings/sources/`: all senders; POST makes one and shows its key, once."""
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            source, key = keys.create(**form.cleaned_data, actor=request.user, request=request)
            return _with_key(request, source, key)
        except Refused as refused:
            form.add_error(None, str(refused))
    mapping_form = MappingForm()
    context = {
        "form": form,
        "sources": _rows(),
        "mappings": Mapping.objects.select_related("service", "source", "created_by"),
        "mapping_form": mapping_form,
        "under_way": restating.under_way(),
        "services": list(mapping_form.fields["service"].choices),  # type: ignore[attr-defined]  # asked for once, not for each row
        "is_open": bool(form.errors) or not Source.objects.exists(),
    }
    return render(request, "detection/sources.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def source_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """`/settings/sources/<slug>/`: its address, ready configuration, what came last, what was set aside."""
    source = get_object_or_404(_rows(), slug=slug)
    form = SourceChangeForm(request.POST or None, initial={"name": source.name, "service": source.default_service})
    if request.method == "POST" and form.is_valid():
        try:
            keys.change(source, **form.cleaned_data, actor=request.user, request=request)
            messages.success(request, _("Saved."))
            return redirect(source.get_absolute_url())
        except Refused as refused:
            form.add_error(None, str(refused))
    return _page(request, source, form, "")


@require_POST
def source_rotate(request: HttpRequest, slug: str) -> HttpResponse:
    """A new key, shown once; the old one opens for 24 h more, or is shut at once."""
    source = get_object_or_404(Source, slug=slug)
    try:
        key = keys.rotate(source, actor=request.user, at_once="at_once" in request.POST, request=request)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(source.get_absolute_url())
    return _with_key(request, source, key)


@require_POST
def source_test(request: HttpRequest, slug: str) -> HttpResponse:
    """Send a real alert through, or its end, and show where it went."""
    source = get_object_or_404(Source, slug=slug)
    form = trial.TestForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(_("Choose a severity."), status=422)
        alert = trial.send(source, **form.cleaned_data, actor=request.user, request=request)
    except Refused as refused:
        messages.error(request, str(refused))
        return redirect(source.get_absolute_url())
    messages.success(request, _("The alert went the whole way; here is where it went.") if alert.is_firing else _("The test alert has ended."))
    return redirect(alert.get_absolute_url())


@require_POST
def mapping_put(request: HttpRequest) -> HttpResponse:
    """Say what a label's value means, all of it: what is left empty is taken back."""
    form = MappingForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(_("A mapping needs a label and its value."), status=422)
        said = form.cleaned_data
        mapping.put(said["label"], said["value"], form.means, source=said["source"], replaces=True, actor=request.user, request=request)
        messages.success(request, _("Saved."))
    except Refused as refused:
        messages.error(request, str(refused))
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(wanted if ours else MAPPINGS)


@require_GET
def mappings_under_way(request: HttpRequest) -> HttpResponse:
    """How far what came before a mapping is set right, for the pages that show it; once all is right they load themselves anew."""
    found = restating.under_way()
    response = render(request, "detection/_restating.html", {"under_way": found})
    if not found:
        response.headers["HX-Refresh"] = "true"
    return response


@require_POST
def mapping_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what a label's value means; what was sorted by it stays where it is."""
    mapping.forget(get_object_or_404(Mapping.objects.select_related("service", "source"), pk=pk), actor=request.user, request=request)
    messages.success(request, _("The mapping is gone."))
    return redirect(MAPPINGS)


def _rows() -> QuerySet[Source]:
    return Source.objects.select_related("default_service", "created_by").annotate(bad=Count("set_aside", filter=Q(set_aside__taken_at=None))).order_by("name")


def _with_key(request: HttpRequest, source: Source, key: str) -> HttpResponse:
    """The source's page with its key: in this answer and nowhere else."""
    fresh = _rows().get(pk=source.pk)
    return _page(request, fresh, SourceChangeForm(initial={"name": fresh.name, "service": fresh.default_service}), key)


def _page(request: HttpRequest, source: Source, form: SourceChangeForm, key: str) -> HttpResponse:
    kind = KINDS.get(source.kind)
    address = settings.INGEST_URL + kind.path.format(key=key or PLACEHOLDER) if kind else ""
    told = {"address": address, "key": key or PLACEHOLDER, "base": settings.INGEST_URL}
    overlaps = source.previous_key_until if source.previous_key_digest and source.previous_key_until and source.previous_key_until > clock.now() else None
    context = {
        "source": source,
        "form": form,
        "kind": kind,
        "key": key,
        "address": address,
        "snippets": [(one.title, render_to_string(one.template, told)) for one in kind.snippets] if kind else [],
        "test": trial.TestForm(),
        "tested": trial.current(source) if kind else None,
        "old_key_until": overlaps,
        "levers": board.levers(request.user),
        "envelopes": source.envelopes.defer("body").order_by("-received_at")[:5],
    }
    response = render(request, "detection/source.html", context, status=422 if form.errors else 200)
    response.headers["Cache-Control"] = "no-store"
    return response
