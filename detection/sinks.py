"""The ways out of this room; a test walks a canary from a private incident past each of them."""

from lib.sinks import Sink

SINKS = {
    "detection.alerts": Sink(
        "alerts with their labels and why-texts: those that lead to no incident, or to one that the reader may see",
        routes=(
            "detection:alerts",
            "detection:unrouted",
            "detection:alert",
            "api:alert-list",
            "api:alert-detail",
            "api:alerts-unrouted",
            "api:incident-alerts",
        ),
    ),
    "detection.candidates": Sink(
        "candidates: those that lead to no incident, or to one that the reader may see", routes=("api:candidate-list", "api:candidate-detail")
    ),
    "detection.silences": Sink(
        "what people keep quiet, by matchers that they wrote for all to see, and how many alerts that hides from the reader's own",
        routes=("detection:silences", "api:silence-*"),
        is_mute=True,
    ),
    "detection.foresight": Sink("what a silence would hide, and the labels it begins with: alerts that the reader may see", routes=("detection:silence-new",)),
    "detection.sources": Sink(
        "senders and what of theirs could not be taken: it became no alert and so leads to no incident; never an accepted body",
        routes=(
            *("detection:sources", "detection:source", "detection:set-aside*", "detection:mappings-*"),
            *("api:source-*", "api:mapping-*", "api:alerts-set-aside*"),
        ),
        is_mute=True,
    ),
    "detection.changes": Sink(
        "changes of services, as senders tell of them: they lead to no incident", routes=("api:change-list", "api:service-changes"), is_mute=True
    ),
    "detection.ingest": Sink("answers to senders: references of incidents that are not private", routes=("detection:ingest-*",), is_mute=True),
}
