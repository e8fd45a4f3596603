"""The tables of comms; each module holds one concept."""

from comms.models.delivery import Alarm, ChannelState, Delivery, DeliveryAttempt, Priority
from comms.models.holding import Hold
from comms.models.obligation import OUTSIDE, Audience, Fanout, Obligation
from comms.models.people import ContactMethod
from comms.models.subscriber import Announcement, Consent, Subscriber

__all__ = [
    "OUTSIDE",
    "Alarm",
    "Announcement",
    "Audience",
    "ChannelState",
    "Consent",
    "ContactMethod",
    "Delivery",
    "DeliveryAttempt",
    "Fanout",
    "Hold",
    "Obligation",
    "Priority",
    "Subscriber",
]
