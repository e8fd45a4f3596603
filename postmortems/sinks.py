"""The ways out of this room; a test walks a canary from a private incident past each of them."""

from lib.sinks import Sink

SINKS = {
    "postmortems.lists": Sink(
        "lists and their filters: of incidents that the reader may see",
        routes=("postmortems:list", "postmortems:action-items", "api:postmortem-list", "api:action-item-list"),
    ),
    "postmortems.pages": Sink(
        "the document, its forms, versions and Markdown: not there for who may not see the incident",
        routes=(
            "postmortems:detail",
            "postmortems:presence",
            "postmortems:markdown",
            "postmortems:print",
            "postmortems:pdf",
            "postmortems:section*",
            "postmortems:timeline",
            "postmortems:row",
            "postmortems:action",
            "postmortems:action-new",
            "postmortems:public",
            "postmortems:act",
        ),
    ),
    "postmortems.api": Sink(
        "one post-mortem or action item: not there for who may not see the incident",
        routes=(
            "api:postmortem-detail",
            "api:postmortem-markdown",
            "api:postmortem-pdf",
            "api:postmortem-section*",
            "api:postmortem-timeline",
            "api:postmortem-public",
            "api:incident-postmortem",
            "api:action-item-detail",
        ),
    ),
}
