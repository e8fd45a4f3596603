"""The ways out of this room; a test walks a canary from a private incident past each of them."""

from lib.sinks import Sink

SINKS = {
    "comms.email": Sink("mail: of a private incident only to who may see it, titled “Private incident”, without scope or words"),
    "comms.console": Sink("the log: the same text as mail", names_reference=True),
    "comms.recorder": Sink("rows only: the same text as mail"),
    "comms.pages": Sink("deliveries and updates due: of incidents that the viewer may see", routes=("comms:messages", "comms:message")),
    "comms.api": Sink(
        "deliveries, obligations, messages: of incidents that the caller may see",
        routes=("api:delivery-list", "api:delivery-detail", "api:obligation-list", "api:incident-messages", "api:incident-obligations"),
    ),
    "comms.webhook": Sink("webhooks of subscribers: of a private incident only words that a person typed for them"),
    "comms.announcements": Sink(
        "mails to the users: of incidents that the viewer may see",
        routes=("comms:announcements", "comms:announcement", "api:announcement-list", "api:announcement-detail"),
    ),
    "comms.alarms": Sink(
        "the red strip, what is held and the channels' state: channels, counts and what providers said",
        routes=("comms:channels", "comms:held", "api:channel-list", "api:alarm-list", "api:held"),
        is_mute=True,
    ),
}

LEADS_NOWHERE = ("comms:subscriber*", "comms:unsubscribe", "api:subscriber-*", "comms:contact-methods", "api:contact-method-list", "api:contact-method-detail")
