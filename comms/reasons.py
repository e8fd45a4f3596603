"""Why a message was not sent, and what channels say of themselves: stored in English with the provider's words, read in the reader's language."""

import re
from functools import cache

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# What drain and sweeps decide.
EXPIRED = gettext_noop("its time had run out")
CRASHED = gettext_noop("it may have been sent before a crash; not sent again")
MAYBE_SENT = gettext_noop("it may have been sent, so it is not sent again: %(words)s")
TOO_OFTEN_UNKNOWN = gettext_noop("it may have been sent %(count)s times; no more")
GIVEN_UP = gettext_noop("given up after %(count)s tries: %(words)s")
STOPS_WORKERS = gettext_noop("it stops every worker that takes it up")
INTERRUPTED = gettext_noop("interrupted: whether it was taken is not known")
NOT_RENDERED = gettext_noop("cannot be rendered: %(words)s")
BROKEN = gettext_noop("the channel broke: %(words)s")

# What has changed before it went out.
OVER = gettext_noop("the incident is over")
RECOVERED = gettext_noop("it has recovered by itself")
NEVER_TOLD = gettext_noop("this reader was never told of the incident")
CLOSED_ACCOUNT = gettext_noop("this person's account is closed")
NOT_NAMED = gettext_noop("the incident is private now, and this reader is not named")
HELD = gettext_noop("it was waiting when the portal was restored from a backup, and was dropped")
ADDRESS_GONE = gettext_noop("the server said that this address does not exist; its reader has not confirmed it since")

UNSUBSCRIBED = gettext_noop("this reader does not want these messages any more")
STOPPED = gettext_noop("a person stopped it")

# What channels say.
NO_WEBHOOK = gettext_noop("this is no address for a webhook")
WEBHOOK_GONE = gettext_noop("the address says that it is gone (410)")
PRINTED = gettext_noop("printed to the console")
RECORDED = gettext_noop("recorded, not sent")
CANNOT_SEND = gettext_noop("this channel cannot send")
NO_EMAIL_URL = gettext_noop("EMAIL_URL is not set")
NO_ADDRESS = gettext_noop("this is no address for mail")
NO_ADDRESS_BECAUSE = gettext_noop("this is no address for mail: %(words)s")
CONNECTION_GONE = gettext_noop("the connection is gone")
NO_CONNECTION = gettext_noop("no connection: %(words)s")
NO_ANSWER = gettext_noop("no answer after the message was handed over: %(words)s")
LOGIN_REFUSED = gettext_noop("the server refuses our login: %(words)s")
NOT_SUPPORTED = gettext_noop("the server cannot do what EMAIL_URL asks for: %(words)s")


@cache
def _known() -> list[tuple[str, re.Pattern[str]]]:
    """Each reason with the pattern of what it was stored as."""
    reasons = [value for name, value in globals().items() if name.isupper()]
    return [(one, re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.*)", re.escape(one)), re.DOTALL)) for one in reasons]


def sentence(stored: str) -> str:
    """A stored reason in the reader's language; the provider's own words stay as they are."""
    for reason, pattern in _known():
        if found := pattern.fullmatch(stored):
            return _(reason) % {name: sentence(value) for name, value in found.groupdict().items()}
    return stored
