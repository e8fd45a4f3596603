"""Pages of the playbook: sections as tables, items as forms, versions, what differs from the shipped one."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from incidents import playbook
from incidents import playbook_display as display
from incidents.models import PlaybookVersion
from incidents.playbook_forms import ItemForm
from incidents.teams import may_configure
from lib.errors import Refused
from lib.i18n import pick
from lib.keyset import page as keyset_page


def section_or_404(name: str) -> playbook.Section:
    """The section of that name."""
    if name not in playbook.SECTIONS:
        raise Http404
    return playbook.SECTIONS[name]


def context_of(request: HttpRequest, version: PlaybookVersion) -> dict[str, Any]:
    """What every page of the playbook shows."""
    return {"version": version, "may_configure": may_configure(request.user)}


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """`/settings/playbook/`: all sections, the version in force, the latest ones."""
    version = playbook.current_version()
    changed = [one.section for one in playbook.diff(version)]
    sections = [
        {"section": section, "count": len(version.content.get(section.name, {})), "changed": changed.count(section.name)} for section in playbook.ordered()
    ]
    recent = PlaybookVersion.objects.select_related("author").defer("content", "shipped")[:5]
    context = {"sections": sections, "changed": len(changed), "recent": recent}
    return render(request, "incidents/playbook/overview.html", context_of(request, version) | context)


@require_GET
def section_page(request: HttpRequest, name: str) -> HttpResponse:
    """`/settings/playbook/<section>/`: its items as a table."""
    section, version = section_or_404(name), playbook.current_version()
    changed = {one.key for one in playbook.diff(version) if one.section == name}
    rows = display.rows(section, version.content, changed)
    headings = display.headings(section)
    turned = [(label, [row.cells[index].text for row in rows]) for index, label in enumerate(headings)] if section.fixed and len(rows) <= 4 else None
    context = {
        "section": section,
        "rows": rows,
        "headings": headings,
        "turned": turned,
        "gone": [one.key for one in playbook.diff(version) if one.section == name and one.ours is None],
    }
    return render(request, "incidents/playbook/section.html", context_of(request, version) | context)


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, name: str) -> HttpResponse:
    """`/settings/playbook/<section>/add/`: a new item."""
    section, version = section_or_404(name), playbook.current_version()
    if section.fixed is not None:
        raise Http404
    form = ItemForm(section, version.content, {}, request.POST or None)
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["key"].strip()
        if key in version.content.get(name, {}):
            form.add_error("key", _("This key is taken."))
        elif answer := save(request, section, key, form):
            return answer
    context = {"section": section, "form": form, "back": reverse("incidents:playbook-section", args=[name])}
    return render(request, "incidents/playbook/item.html", context_of(request, version) | context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def item(request: HttpRequest, name: str, key: str) -> HttpResponse:
    """`/settings/playbook/<section>/items/<key>/`: edit it, remove it, or take the shipped one (`act` save, remove, take)."""
    section, version = section_or_404(name), playbook.current_version()
    ours, shipped = version.content.get(name, {}).get(key), version.shipped.get(name, {}).get(key)
    if ours is None and shipped is None:
        raise Http404
    act = request.POST.get("act", "save")
    if request.method == "POST" and act in ("remove", "take"):
        return replace(request, section, key, shipped if act == "take" else None)
    form = ItemForm(section, version.content, ours or shipped or {}, request.POST if request.method == "POST" else None, key=key)
    if request.method == "POST" and form.is_valid() and (answer := save(request, section, key, form)):
        return answer
    difference = next((one for one in playbook.diff(version) if (one.section, one.key) == (name, key)), None)
    context = {
        "section": section,
        "key": key,
        "title": pick((ours or shipped or {}).get("name") or (ours or shipped or {}).get("title")) or key,
        "form": form,
        "change": display.change(difference, version.content, version.shipped) if difference else None,
        "is_removed": ours is None,
        "back": back_to(name, key),
    }
    return render(request, "incidents/playbook/item.html", context_of(request, version) | context, status=422 if form.is_bound else 200)


def back_to(section: str, key: str) -> str:
    """Where an item is looked at."""
    pages = {"services": "incidents:service", "teams": "incidents:team"}
    return reverse(pages[section], args=[key]) if section in pages else reverse("incidents:playbook-section", args=[section])


def save(request: HttpRequest, section: playbook.Section, key: str, form: ItemForm) -> HttpResponse | None:
    """Put what was typed in force; None with the problems in the form."""
    try:
        version = playbook.edit(section.name, key, form.item(), actor=request.user)
    except Refused as refused:
        for problem in refused.extra.get("problems", [str(refused)]):
            form.add_error(None, problem)
        return None
    messages.success(request, _("Saved. Playbook %(number)s is in force for new incidents.") % {"number": version.number})
    return redirect(back_to(section.name, key))


def replace(request: HttpRequest, section: playbook.Section, key: str, shipped: Any) -> HttpResponse:
    """Take the shipped item, or remove it where there is none to take."""
    try:
        version = playbook.edit(section.name, key, shipped, actor=request.user)
    except Refused as refused:
        messages.error(request, " ".join([str(refused), *refused.extra.get("problems", [])]))
        return redirect("incidents:playbook-item", name=section.name, key=key)
    messages.success(request, _("Done. Playbook %(number)s is in force for new incidents.") % {"number": version.number})
    return redirect("incidents:playbook-section", name=section.name)


def changes(ours: dict[str, Any], shipped: dict[str, Any]) -> list[display.Change]:
    """Differences between two contents, to be read."""
    return [one for difference in playbook.differences(ours, shipped) if (one := display.change(difference, ours, shipped))]


@require_GET
def difference(request: HttpRequest) -> HttpResponse:
    """`/settings/playbook/diff/`: everything that is not as shipped."""
    version = playbook.current_version()
    context = {"changes": changes(version.content, version.shipped), "may_take": may_configure(request.user)}
    return render(request, "incidents/playbook/diff.html", context_of(request, version) | context)


@require_GET
def versions(request: HttpRequest) -> HttpResponse:
    """`/settings/playbook/versions/`: who changed what when."""
    rows = PlaybookVersion.objects.select_related("author").defer("content", "shipped")
    context = {"page": keyset_page(rows, order=("-number",), cursor=request.GET.get("cursor"), limit=50)}
    return render(request, "incidents/playbook/versions.html", context_of(request, playbook.current_version()) | context)


@require_GET
def one_version(request: HttpRequest, number: int) -> HttpResponse:
    """`/settings/playbook/versions/<number>/`: what it changed."""
    version = get_object_or_404(PlaybookVersion.objects.select_related("author"), number=number)
    before = PlaybookVersion.objects.filter(number__lt=number).first()
    context = {
        "shown": version,
        "before": before,
        "changes": changes(version.content, before.content) if before else [],
        "may_take": False,
    }
    return render(request, "incidents/playbook/diff.html", context_of(request, playbook.current_version()) | context)
