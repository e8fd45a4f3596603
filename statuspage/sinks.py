"""The ways out of this room; a test walks a canary from a private incident past each of them."""

from lib.sinks import Sink

SINKS = {
    "statuspage.files": Sink("the published files: of an incident the words that were published on it alone, its reference only where the post says so"),
    "statuspage.pages": Sink("posts and drafts: of incidents that the reader may see", routes=("statuspage:list", "statuspage:incident")),
    "statuspage.preview": Sink("a draft as it would be read: of an incident that the reader may see", routes=("statuspage:preview", "statuspage:preview-file")),
    "statuspage.api": Sink("what is public of an incident, and its draft: for who may see the incident", routes=("api:incident-public",)),
    "statuspage.components": Sink(
        "services under their public names and states: what everybody outside reads too",
        routes=("statuspage:components", "statuspage:component", "statuspage:page", "api:component-*"),
        is_mute=True,
    ),
}
