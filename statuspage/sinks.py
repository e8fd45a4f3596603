"""The ways out of this room; a test walks a canary from a private incident past each of them."""

from lib.sinks import Sink

SINKS = {
    "statuspage.pages": Sink("posts and drafts: of incidents that the reader may see", routes=("statuspage:list", "statuspage:incident")),
}
