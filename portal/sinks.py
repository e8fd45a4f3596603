"""The ways out of this room; a test walks a canary from a private incident past each of them."""

from lib.sinks import Sink

SINKS = {
    "portal.board": Sink("what needs me and what is open: incidents, steps, updates and alerts that the reader may see", routes=("portal:board",)),
    "portal.search": Sink("search: incidents that the reader may see", routes=("portal:search",)),
    "portal.palette": Sink("commands: acts on and names of incidents that the reader may see", routes=("portal:palette",)),
    "portal.strips": Sink("the red strips: what of ours is broken, without an incident's words", routes=("portal:strips",), is_mute=True),
    "portal.live": Sink("entries and the board's news: of incidents that the listener may see, checked again while the stream lives"),
    "portal.api_stream": Sink("one incident's entries: not there for who may not see it"),
    "portal.metrics": Sink("counts, private incidents among them; labels are severities, states and channels", routes=("portal:metrics",), is_mute=True),
    "portal.probes": Sink("whether parts of ours work; /healthz says “ok” alone", routes=("portal:readyz", "portal:version"), is_mute=True),
    "portal.errors": Sink("refusals and failures in each shape: the same for what is private and for what is not there", is_mute=True),
    "portal.alarm": Sink("what the audit found, to ALARM_URL and the log: a private incident is called that, not by its reference", is_mute=True),
    "portal.commands": Sink("audit and verify_timeline on the operator's console: references, no words", is_mute=True, names_reference=True),
    "portal.logs": Sink("log lines: references, because addresses hold them, no words", is_mute=True, names_reference=True),
}

LEADS_NOWHERE = ("portal:api-docs", "portal:api-schema", "portal:settings")
