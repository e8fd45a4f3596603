"""Webhooks signed as Standard Webhooks, to addresses that subscribers gave: every limit of egress applies."""

import base64
import hashlib
import hmac
import re
from email.utils import parsedate_to_datetime
from typing import ClassVar

import httpx

from comms import reasons
from comms.channels.base import Channel, ChannelError, Message, Receipt
from lib import clock, egress
from lib.egress.table import EgressRefused

LONGEST_WAIT = 3600.0  # seconds that a target may ask for
SECONDS = 10.0


class WebhookChannel(Channel):
    """Each target is its own: one that asks for patience holds up no other, one that hangs its own thread of the lane only."""

    deadline_seconds: ClassVar[float] = SECONDS
    is_shared: ClassVar[bool] = False
    can_repeat: ClassVar[bool] = True  # by `webhook-id`
    kind: ClassVar[egress.Kind] = "public"

    def send(self, message: Message) -> Receipt:
        """POST it; anything but a 2xx is no success, a redirect included."""
        stamp = str(int(clock.now().timestamp()))
        identity = webhook_id(message)
        body = message.text.encode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(signature(secret, identity, stamp, body) for secret in message.secrets),
        }
        try:
            with egress.client(self.kind, timeout=SECONDS) as client:
                answer = client.post(message.address, content=body, headers=headers)
        except EgressRefused as error:
            raise ChannelError(str(error), permanent=True) from error
        except httpx.HTTPError as error:
            raise ChannelError(reasons.NO_CONNECTION % {"words": error}) from error
        except httpx.InvalidURL as error:
            raise ChannelError(reasons.NO_WEBHOOK, permanent=True) from error
        return _judged(answer)


def _judged(answer: httpx.Response) -> Receipt:
    text = f"HTTP {answer.status_code}"
    if 200 <= answer.status_code < 300:
        return Receipt(text)
    if answer.status_code == 410:
        raise ChannelError(reasons.WEBHOOK_GONE, permanent=True, suppress=True)
    wait = _retry_after(answer.headers.get("retry-after", "")) if answer.status_code in (429, 503) else None
    is_permanent = 300 <= answer.status_code < 500 and answer.status_code not in (408, 409, 425, 429)
    raise ChannelError(text, permanent=is_permanent, retry_after=wait)


def _retry_after(value: str) -> float | None:
    """Seconds, from a number or a date."""
    if re.fullmatch(r"\d{1,9}", value.strip()):
        return min(float(value), LONGEST_WAIT) or None
    try:
        left = (parsedate_to_datetime(value) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(left, LONGEST_WAIT) if left > 0 else None


def webhook_id(message: Message) -> str:
    """The same however often it is sent."""
    return "msg_" + hashlib.sha256(message.message_id.encode()).hexdigest()[:32]


def signature(secret: str, identity: str, stamp: str, body: bytes) -> str:
    """`v1,<base64 of HMAC-SHA256 over id.timestamp.body>`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
