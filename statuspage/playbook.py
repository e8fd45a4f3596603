"""The playbook's section on the public page: what a service is called outside, whether it is shown, and where."""

from pathlib import Path

from django.utils.translation import gettext_lazy

from incidents.playbook.fields import Flag, Number, Text
from incidents.playbook.sections import section
from statuspage import components

section(
    components.SECTION,
    label=gettext_lazy("Components of the public page"),
    hint=gettext_lazy("Every service is a component. What is left empty here follows the service; an item’s key is the service’s."),
    fields=(
        Text(name="name", label=gettext_lazy("Public name"), limit=100),
        Text(name="description", label=gettext_lazy("Public description"), limit=200),
        Flag(name="is_hidden", label=gettext_lazy("Not shown")),
        Number(name="position", label=gettext_lazy("Position"), is_whole=True, high=9999),
    ),
    data=Path(__file__).resolve().parent / "playbook_data" / "components.json",
    project=components.project,
    position=95,
)
