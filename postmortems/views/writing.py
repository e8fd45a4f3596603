"""Writing: sections in place with versions, what is kept while typing, rows of the timeline table."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import idempotency
from lib.errors import NotFound, Refused
from postmortems import sections, story
from postmortems.forms import RowForm, SectionForm
from postmortems.holding import find
from postmortems.models import Postmortem, Section, SectionVersion, Writing
from postmortems.views.answering import back
from postmortems.views.reading import dress

VERSIONS = 50


def _named(request: HttpRequest, reference: str, name: str) -> Section:
    found = find(request.user, reference)
    section = sections.named(found, name)
    section.postmortem = found
    return section


@require_http_methods(["GET", "POST"])
def section(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """One section: its form, or with POST the next version; who was overtaken gets both and keeps the words."""
    one = _named(request, reference, name)
    found = one.postmortem
    is_published = found.state == Postmortem.State.PUBLISHED
    if request.method == "GET":
        if request.GET.get("read"):
            return _shown(request, one)
        sections.require_writer(found, request.user)
        mine = Writing.objects.filter(section=one, person_id=request.user.pk).first()
        form = SectionForm(initial={"text": mine.text if mine else one.text, "base": mine.base if mine else one.number}, is_published=is_published)
        return _form(request, one, form, kept=mine)
    form = SectionForm(request.POST, is_published=is_published)
    if not form.is_valid():
        return _form(request, one, form, status=422)
    said = form.cleaned_data

    def save() -> str:
        sections.save(one, said["text"], base=said["base"], actor=request.user, note=said.get("note", ""), source="web")
        return ""

    try:
        idempotency.once(request, save)
    except sections.Overtaken as overtaken:
        return _overtaken(request, one, overtaken, is_published)
    except Refused as refused:
        form.add_error("note" if refused.extra.get("missing") == "note" else None, str(refused))
        return _form(request, one, form, status=422)
    return _shown(request, sections.named(found, name)) if request.htmx else redirect(f"{found.get_absolute_url()}#{name}")  # type: ignore[attr-defined]


def _shown(request: HttpRequest, one: Section) -> HttpResponse:
    found = find(request.user, one.postmortem.incident.reference)
    context = {"postmortem": found, "section": dress(one), "may_write": sections.may_write(found, request.user)}
    return render(request, "postmortems/_section.html", context)


def _form(request: HttpRequest, one: Section, form: SectionForm, *, status: int = 200, **more: Any) -> HttpResponse:
    template = "postmortems/section.html#form" if request.htmx else "postmortems/section.html"  # type: ignore[attr-defined]
    return render(request, template, {"postmortem": one.postmortem, "section": one, "form": form, **more}, status=status)


def _overtaken(request: HttpRequest, one: Section, overtaken: sections.Overtaken, is_published: bool) -> HttpResponse:
    """Both texts: the newer one to read, the typed one to go on with, on top of it. 409; 200 to the page's script, which swaps nothing else."""
    newest = overtaken.section
    by = SectionVersion.objects.filter(section=newest, number=newest.number).select_related("author").first()
    form = SectionForm(initial={"text": overtaken.text, "base": newest.number}, is_published=is_published)
    more = {"overtaken": overtaken, "newest": newest, "by": by, "changes": sections.compared(newest.text, overtaken.text)}
    return _form(request, one, form, status=200 if request.htmx else 409, **more)  # type: ignore[attr-defined]


@require_POST
def keep(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """Keep what is being typed; asked for by the page's script only."""
    one, form = _named(request, reference, name), SectionForm(request.POST)
    if form.is_valid():
        sections.keep(one, form.cleaned_data["text"], base=form.cleaned_data["base"], actor=request.user)
    return HttpResponse(status=204)


@require_POST
def discard(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """Forget what was typed and not saved."""
    one = _named(request, reference, name)
    sections.discard(one, actor=request.user)
    return _shown(request, one) if request.htmx else redirect(f"{one.postmortem.get_absolute_url()}#{name}")  # type: ignore[attr-defined]


@require_GET
def history(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """The versions of a section, each with what it changed."""
    one = _named(request, reference, name)
    rows = list(SectionVersion.objects.filter(section=one).select_related("author")[: VERSIONS + 1])
    told = [{"version": row, "changes": sections.compared(older.text if older else "", row.text)} for row, older in _with_older(rows)]
    return render(request, "postmortems/history.html", {"postmortem": one.postmortem, "section": one, "versions": told})


def _with_older(rows: list[SectionVersion]) -> list[tuple[SectionVersion, SectionVersion | None]]:
    """Each version with the one before it, the newest first; of a long history the newest alone."""
    return [(row, rows[index + 1] if index + 1 < len(rows) else None) for index, row in enumerate(rows[:VERSIONS])]


@require_GET
def timeline(request: HttpRequest, reference: str) -> HttpResponse:
    """Every entry, those left out too, to show, hide or say in other words."""
    found = find(request.user, reference)
    context = {"postmortem": found, "rows": story.rows(found, everything=True), "may_write": sections.may_write(found, request.user)}
    return render(request, "postmortems/timeline.html", context)


@require_http_methods(["GET", "POST"])
def row(request: HttpRequest, reference: str, seq: int) -> HttpResponse:
    """One row of the table: its form, or with POST the choice."""
    found = find(request.user, reference)
    one = next((one for one in story.rows(found, everything=True) if one.seq == seq), None)
    if one is None:
        raise NotFound(_("There is no such entry."))
    if request.method == "GET":
        sections.require_writer(found, request.user)
        form = RowForm(initial={"text": one.own, "is_shown": one.is_shown})
        return render(request, "postmortems/row.html", {"postmortem": found, "row": one, "form": form})
    form = RowForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(_("Something in the form is missing or wrong."), status=422)
        story.choose(found, seq, actor=request.user, is_shown=form.cleaned_data["is_shown"], text=form.cleaned_data["text"])
    except Refused as refused:
        return back(request, f"/postmortems/{found.incident.reference}/timeline/", refused=refused)
    return back(request, f"/postmortems/{found.incident.reference}/timeline/#row-{seq}", said=_("The timeline table was changed."))
