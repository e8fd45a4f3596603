"""From a delivery to the message that its channel sends: in the reader's language and zone."""

import zoneinfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from comms import catalogue
from comms.catalogue import Content, Occasion
from comms.channels.base import Message
from comms.models import Delivery
from comms.outbox import params_of
from lib import clock, markup


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
    if content.why:
        parts.append(f"-- \n{content.why}")
    return "\n\n".join(part for part in parts if part) + "\n"


def as_html(content: Content, *, language: str, subject: str, is_exercise: bool = False) -> str:
    """The HTML form: no tables, no pictures, readable in the dark."""
    context = {"content": content, "words": markup.render(content.words) if content.words else "", "language": language, "subject": subject}
    return render_to_string("comms/mail.html", {**context, "is_exercise": is_exercise})
