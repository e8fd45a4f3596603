"""From a delivery to the message that its channel sends: in the reader's language and zone."""

import zoneinfo
from dataclasses import replace

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from comms import announcement_texts, catalogue, channels
from comms.catalogue import Content, Occasion
from comms.channels import stencils
from comms.channels.base import Message
from comms.models import Announcement, Delivery
from comms.outbox import params_of
from lib import clock, markup
from lib.jsonio import canonical


def language_of(delivery: Delivery) -> str:
    """The reader's language: the person's, else what the delivery says, else the portal's."""
    language = delivery.person.language if delivery.person is not None else delivery.language
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def zone_of(delivery: Delivery) -> zoneinfo.ZoneInfo:
    """The reader's time zone; an unknown one is the portal's."""
    name = delivery.person.time_zone if delivery.person is not None else settings.DEFAULT_TIME_ZONE
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


def render(delivery: Delivery) -> Message:
    """The message as it would go out now. Raises LookupError for a kind that is gone."""
    if delivery.announcement_id is not None:
        return _announced(delivery)
    language = language_of(delivery)
    with translation.override(language), timezone.override(zone_of(delivery)):
        kind = catalogue.kind(delivery.kind)
        content = kind.render(Occasion(params_of(delivery), delivery.incident, delivery.person, clock.now()))
        subject = content.subject
        if delivery.is_exercise:
            subject = pgettext("drill", "EXERCISE") + " · " + subject
        text = as_text(content, is_exercise=delivery.is_exercise)
        html = as_html(content, language=language, subject=subject, is_exercise=delivery.is_exercise)
    return Message(
        address=delivery.address,
        name=str(delivery.person) if delivery.person is not None else "",
        subject=subject[:250],
        text=text,
        html=html,
        message_id=delivery.message_id,
        language=language,
        is_exercise=delivery.is_exercise,
    )


def _announced(delivery: Delivery) -> Message:
    """A subscriber's copy: the sheet is made once per announcement, language and way; only the reader's own is filled in."""
    reader, announcement = delivery.subscriber, delivery.announcement
    if reader is None or announcement is None:
        raise LookupError("an announcement without its reader")
    sheet = _sheet(announcement, channel=delivery.channel, language=language_of(delivery), is_exercise=delivery.is_exercise)
    link = f"{settings.PUBLIC_URL}/unsubscribe/{reader.code}/"
    is_old_valid = reader.old_secret and reader.old_secret_until and reader.old_secret_until > clock.now()
    return replace(
        sheet,
        address=delivery.address,
        text=sheet.text.replace(announcement_texts.MARK, link),
        html="" if sheet.stencil else sheet.html.replace(announcement_texts.MARK, link),
        message_id=delivery.message_id,
        unsubscribe=link,
        secrets=tuple(secret for secret in (reader.secret, reader.old_secret if is_old_valid else "") if secret),
    )


_sheets: dict[tuple[str, str, str, bool], Message] = {}
MOST_SHEETS = 64


def _sheet(announcement: Announcement, *, channel: str, language: str, is_exercise: bool) -> Message:
    """What all readers of a language get; its words stand since it was sent."""
    key = (announcement.salt, channel, language, is_exercise)
    if key not in _sheets:
        if len(_sheets) >= MOST_SHEETS:
            _sheets.pop(next(iter(_sheets)), None)
        _sheets[key] = _made(announcement, channel, language, is_exercise=is_exercise)
    return _sheets[key]


def _made(announcement: Announcement, channel: str, language: str, *, is_exercise: bool) -> Message:
    with translation.override(language), timezone.override(zoneinfo.ZoneInfo(settings.DEFAULT_TIME_ZONE)):
        content = announcement_texts.content(announcement, language)
        subject = pgettext("drill", "EXERCISE") + " · " + content.subject if is_exercise else content.subject
        text = as_text(content, is_exercise=is_exercise)
        html = as_html(content, language=language, subject=subject, is_exercise=is_exercise)
    if channel == channels.WEBHOOK:
        text, html = canonical(announcement_texts.as_json(announcement, is_exercise=is_exercise)), ""
    sheet = Message(address="", name="", subject=subject[:250], text=text, html=html, message_id="", language=language, is_exercise=is_exercise)
    return replace(sheet, stencil=stencils.cut(sheet)) if channel == channels.EMAIL else sheet


def as_text(content: Content, *, is_exercise: bool = False) -> str:
    """The plain form."""
    parts = [_("This is an exercise. Nothing is broken.")] if is_exercise else []
    parts.append(content.lead)
    if content.facts:
        parts.append("\n".join(f"{label}: {value}" for label, value in content.facts))
    if content.words:
        parts.append(content.words)
    if content.link:
        parts.append(f"{content.link_label}: {content.link}")
    if content.why or content.unsubscribe:
        ends = _("Unsubscribe") + f":\n{content.unsubscribe}" if content.unsubscribe else ""
        parts.append("\n".join(part for part in ("-- ", content.why, ends) if part))
    return "\n\n".join(part for part in parts if part) + "\n"


def as_html(content: Content, *, language: str, subject: str, is_exercise: bool = False) -> str:
    """The HTML form: no tables, no pictures, readable in the dark."""
    context = {"content": content, "words": markup.render(content.words) if content.words else "", "language": language, "subject": subject}
    return render_to_string("comms/mail.html", {**context, "is_exercise": is_exercise})
