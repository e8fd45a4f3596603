"""What postmortems does when an entry is recorded."""

from incidents.signals import entry_recorded
from postmortems import opening

entry_recorded.connect("postmortems.open", opening.on_entry, {"incidents.state", "incidents.severity"})
