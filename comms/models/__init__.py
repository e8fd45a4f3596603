"""The tables of comms; each module holds one concept."""

from comms.models.delivery import Alarm, ChannelState, Delivery, DeliveryAttempt, Priority
from comms.models.holding import Hold
from comms.models.obligation import OUTSIDE, Audience, Fanout, Obligation
from comms.models.people import ContactMethod

__all__ = ["OUTSIDE", "Alarm", "Audience", "ChannelState", "ContactMethod", "Delivery", "DeliveryAttempt", "Fanout", "Hold", "Obligation", "Priority"]
