"""Settings pages about working time."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import calendars
from accounts.forms import CalendarForm
from accounts.models import Calendar
from lib import clock
from lib.errors import Refused

SHOWN_DAYS = 5


@never_cache
@require_http_methods(["GET", "POST"])
def calendar_list(request: Any) -> HttpResponse:
    """All calendars; POST makes one."""
    if request.method == "POST":
        return _keep(request, None)
    now = clock.now()
    rows = [
        {"calendar": row, "week": week(row), "upcoming": calendars.upcoming(row)[:SHOWN_DAYS], "is_working": calendars.is_working(now, row)}
        for row in Calendar.objects.all()
    ]
    return render(request, "accounts/calendars.html", {"calendars": rows})


@never_cache
@require_http_methods(["GET", "POST"])
def calendar_new(request: Any) -> HttpResponse:
    """A form for a new calendar, filled with office hours."""
    if request.method == "POST":
        return _keep(request, None)
    form = CalendarForm(initial={**written(calendars.default()), "slug": "", "name_en": "", "name_zh": "", "days": "", "is_default": False})
    return render(request, "accounts/calendar.html", {"form": form, "calendar": None})


@never_cache
@require_http_methods(["GET", "POST"])
def calendar(request: Any, slug: str) -> HttpResponse:
    """One calendar; POST replaces it."""
    row = get_object_or_404(Calendar, slug=slug)
    if request.method == "POST":
        return _keep(request, row)
    return render(request, "accounts/calendar.html", {"form": CalendarForm(initial=written(row)), "calendar": row})


@require_POST
def calendar_remove(request: Any, slug: str) -> HttpResponse:
    """Delete one that is not the default."""
    row = get_object_or_404(Calendar, slug=slug)
    calendars.remove(row, actor=request.user, request=request)
    messages.success(request, _("The calendar is removed."))
    return redirect("accounts:calendars")


def _keep(request: Any, row: Calendar | None) -> HttpResponse:
    typed = request.POST.copy()
    if row is not None:
        typed["slug"] = row.slug
    form = CalendarForm(typed)
    if form.is_valid():
        data = form.cleaned_data
        try:
            name = {"en": data["name_en"], "zh-hans": data["name_zh"]}
            wanted = calendars.check(name, data["time_zone"], read_hours(data["hours"]), read_days(data["days"]), data["is_default"])
            keep = calendars.add if row is None else calendars.save
            keep(data["slug"], wanted, actor=request.user, request=request)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The calendar is saved."))
            return redirect("accounts:calendars")
    return render(request, "accounts/calendar.html", {"form": form, "calendar": row}, status=422)


def week(row: Calendar) -> list[tuple[str, str]]:
    """The hours of the weekdays that have any, as text; days that follow each other with the same hours stand together."""
    worked = [(number, row.hours.get(day)) for number, day in enumerate(calendars.WEEKDAYS) if row.hours.get(day)]
    told = []
    # The difference of day and place is the same along a run of days.
    for (_run, hours), days in groupby(enumerate(worked), key=lambda placed: (placed[1][0] - placed[0], placed[1][1])):
        names = [str(WEEKDAYS_ABBR[number]) for _place, (number, _hours) in days]
        told.append(("–".join(dict.fromkeys((names[0], names[-1]))), " ".join(f"{start}–{end}" for start, end in hours)))
    return told


def written(row: Calendar) -> dict[str, Any]:
    """A calendar as the form shows it."""
    hours = "\n".join(f"{day} {_spans(row.hours[day])}" for day in calendars.WEEKDAYS if row.hours.get(day))
    days = "\n".join(f"{day} {_kind(item)} {item.get('name', '')}".rstrip() for day, item in sorted(row.days.items()))
    names = {"name_en": row.name.get("en", ""), "name_zh": row.name.get("zh-hans", "")}
    return {"slug": row.slug, **names, "time_zone": row.time_zone, "hours": hours, "days": days, "is_default": row.is_default}


def _spans(spans: list[list[str]]) -> str:
    return " ".join(f"{start}-{end}" for start, end in spans)


def _kind(item: dict[str, Any]) -> str:
    if not item["working"]:
        return "off"
    return _spans(item["hours"]) if item.get("hours") else "work"


def read_hours(text: str) -> dict[str, list[list[str]]]:
    """`mon 09:00-12:00 13:00-18:00`, a weekday a line; calendars.check finds what is wrong in it."""
    hours: dict[str, list[list[str]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        day, *spans = line.lower().replace("–", "-").split()
        if day in hours:
            raise Refused(_("%(day)s stands there twice.") % {"day": day}, status=422)
        hours[day] = [span.split("-") for span in spans]
    return hours


def read_days(text: str) -> dict[str, dict[str, Any]]:
    """`2026-10-01 off National Day`, a date a line; `work` for a make-up day, or its own hours."""
    days: dict[str, dict[str, Any]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        day, _blank, rest = line.partition(" ")
        if day in days:
            raise Refused(_("%(day)s stands there twice.") % {"day": day}, status=422)
        words = rest.replace("–", "-").split()
        spans = []
        while words and words[0][:1].isdigit() and ":" in words[0]:
            spans.append(words.pop(0).split("-"))
        kind = words.pop(0) if words and not spans and words[0] in {"off", "work"} else ""
        if not spans and not kind:
            raise Refused(_("%(day)s needs “off”, “work” or hours.") % {"day": day}, status=422)
        days[day] = {"working": kind != "off", "name": " ".join(words), **({"hours": spans} if spans else {})}
    return days
