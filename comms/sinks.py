"""The ways out of this room; a test walks a canary from a private incident past each of them."""

SINKS = {
    "comms.email": "mail: of a private incident only to who may see it, titled “Private incident”, without scope or words",
    "comms.console": "the log: the same text as mail",
    "comms.recorder": "rows only: the same text as mail",
    "comms.pages": "/messages/ and its details: deliveries of incidents that the viewer may see",
    "comms.api": "deliveries, obligations: of incidents that the caller may see",
}
