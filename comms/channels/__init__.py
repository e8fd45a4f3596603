"""The channels by kind: label and where the code is, imported on first use."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from comms.channels.base import Channel

EMAIL, CONSOLE, RECORDER, WEBHOOK = "email", "console", "recorder", "webhook"

CHANNELS = {
    EMAIL: (_("E-mail"), "comms.channels.email.EmailChannel"),
    CONSOLE: (_("Console"), "comms.channels.console.ConsoleChannel"),
    WEBHOOK: (_("Webhook"), "comms.channels.webhook.WebhookChannel"),
    RECORDER: (_("Recorder"), "comms.channels.recorder.RecorderChannel"),
}


def known(kind: str) -> str:
    """`kind` itself; raises LookupError for a channel that does not exist."""
    if kind not in CHANNELS:
        raise LookupError(f"no channel {kind!r}")
    return kind


def label(kind: str) -> str:
    """What people call the channel."""
    return str(CHANNELS[kind][0]) if kind in CHANNELS else kind


@cache
def _class(kind: str) -> type[Channel]:
    return import_string(CHANNELS[known(kind)][1])


def make(kind: str) -> Channel:
    """A sender of this kind, for one thread and one drain; close it afterwards."""
    return _class(kind)()


def configuration(kind: str) -> str:
    """A digest of what the channel is configured with: another value means that somebody mended it."""
    return _class(kind).configuration()


def for_mail() -> str:
    """The channel that carries mail here: e-mail, or the console while EMAIL_URL is unset (interface.md "Environment")."""
    return EMAIL if settings.EMAIL_URL else CONSOLE
