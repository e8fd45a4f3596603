"""The playbook's section on post-mortems: what people are asked to write, in which chapter (`manual.md §9`)."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.playbook.fields import Choice, Flag, Number, Text
from incidents.playbook.sections import Items, section

SECTION = "postmortem_template"
CHAPTERS = (
    ("root_cause", gettext_lazy("Root cause")),
    ("impact", gettext_lazy("Impact")),
    ("went_well", gettext_lazy("What went well")),
    ("to_improve", gettext_lazy("What to improve")),
    ("lessons", gettext_lazy("Lessons")),
    ("related", gettext_lazy("Related documents")),
    ("other", gettext_lazy("More")),
)


def _keys(content: Mapping[str, Items]) -> Iterator[str]:
    for key in content[SECTION]:
        if not 0 < len(key) <= 60:
            yield f"{SECTION}/{key[:60]}: {_('takes a key of at most 60 characters')}"


section(
    SECTION,
    label=gettext_lazy("Post-mortem"),
    hint=gettext_lazy("What a post-mortem asks for, beside the timeline and the figures that the portal fills in. One that is open keeps its sections."),
    fields=[
        Choice(name="chapter", label=gettext_lazy("Chapter"), choices=CHAPTERS, required=True),
        Text(name="title", label=gettext_lazy("Title"), required=True, limit=100),
        Text(name="hint", label=gettext_lazy("Hint"), limit=600),
        Flag(name="is_required", label=gettext_lazy("Needed for the review")),
        Number(name="position", label=gettext_lazy("Position"), is_whole=True, high=30_000),
    ],
    data=Path(__file__).resolve().parent / "playbook_data" / "postmortem_template.json",
    check=_keys,
    position=70,
)
