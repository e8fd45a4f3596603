"""The components' tags: icons, moments, severities, states, people."""

from datetime import datetime
from functools import lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from accounts import idempotency
from accounts.models import User
from incidents.models import Severity, State
from lib import clock, markup
from lib.i18n import pick
from portal import moments

register = template.Library()

register.filter("span", moments.span)
register.filter("exact", moments.exact)
register.filter("pick", pick)
register.filter("plain", markup.plain)


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, extra: str = "") -> SafeString:
    """One symbol of the sprite; it says nothing by itself, so a word stands beside it or in an aria-label."""
    return format_html('<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', extra, static("portal/icons.svg"), name)


@register.simple_tag
def moment(value: datetime | None, style: str = "ago") -> SafeString:
    """A <time>: "12 min ago" with the exact time and zone on hover and for screen readers; style "exact" shows that one."""
    if value is None:
        return mark_safe('<span class="muted">–</span>')
    full = moments.exact(value)
    if style == "exact":
        return format_html('<time datetime="{}">{}</time>', value.isoformat(timespec="seconds"), full)
    if style == "time":
        return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(timespec="seconds"), full, f"{timezone.localtime(value):%H:%M}")
    return format_html(
        '<time datetime="{0}" title="{1}"><span data-ago="{0}">{2}</span><span class="visually-hidden">, {1}</span></time>',
        value.isoformat(timespec="seconds"),
        full,
        moments.ago(value),
    )


@register.simple_tag
def severity(code: str) -> SafeString:
    """The badge of a severity: a colour, a shape and the word."""
    code = code if code in Severity.values else "P3"
    return format_html('<span class="severity" data-severity="{0}">{0}</span>', code)


@register.simple_tag
def state(code: str) -> SafeString:
    """The mark of an incident's state: a ring that fills, and the word."""
    return format_html('<span class="state" data-state="{}">{}</span>', code, State(code).label if code in State.values else code)


@register.simple_tag
def once() -> SafeString:
    """The hidden field by which a form that is sent twice does its work once."""
    return format_html('<input type="hidden" name="{}" value="{}">', idempotency.FIELD, idempotency.form_key())


@register.simple_tag
def person(user: User | None, clock_too: bool = False) -> SafeString:
    """A person by initials and name; with `clock_too` also the time where they are, if it is another one than the reader's (who is asleep?)."""
    if user is None:
        return format_html('<span class="muted">{}</span>', gettext("nobody"))
    name = str(user)
    words = name.split()
    initials = "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words))[:2] or "?"
    there = moments.elsewhere(user.time_zone, clock.now()) if clock_too else ""
    local = format_html(' <span class="local" title="{}">{}</span>', gettext("their local time"), there) if there else ""
    return format_html('<span class="person"><span class="face" aria-hidden="true">{}</span><span class="truncate">{}</span>{}</span>', initials, name, local)


@register.filter
def local_time(zone: str) -> str:
    """What time it is there now: "03:07"."""
    return moments.local_clock(zone, clock.now())


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or nothing."""
    return mapping.get(key, "") if mapping else ""
