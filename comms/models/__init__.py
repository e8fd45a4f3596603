"""The tables of comms; each module holds one concept."""

from comms.models.delivery import Alarm, ChannelState, Delivery, DeliveryAttempt, Priority
from comms.models.obligation import Audience, Fanout, Obligation
from comms.models.people import ContactMethod

__all__ = ["Alarm", "Audience", "ChannelState", "ContactMethod", "Delivery", "DeliveryAttempt", "Fanout", "Obligation", "Priority"]
