"""What the core itself does when an entry is recorded."""

from incidents import steps
from incidents.signals import entry_recorded

# Every kind may tick a step: which ones do is data (`done_on` in the playbook).
entry_recorded.connect("incidents.tick_steps", steps.tick)
