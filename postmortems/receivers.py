"""What postmortems does when an entry is recorded."""

from incidents.signals import entry_recorded
from postmortems import opening, story

entry_recorded.connect("postmortems.open", opening.on_entry, {"incidents.state", "incidents.severity"})
entry_recorded.connect("postmortems.forget", story.forget, {"incidents.redacted"})
