"""The playbook's section on alerts: which labels name severity and service, and which words mean which severity."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.playbook.fields import Line
from incidents.playbook.sections import Items, section

SECTION = "alert_rules"
SEVERITIES = ("P1", "P2", "P3", "P4")


def _each_word_once(content: Mapping[str, Items]) -> Iterator[str]:
    meant: dict[str, str] = {}
    for code in SEVERITIES:
        for word in content[SECTION][code]["words"].lower().split():
            if word in meant:
                yield f"{SECTION}/{code}/words: " + _("“%(word)s” already means %(severity)s") % {"word": word[:60], "severity": meant[word]}
            meant.setdefault(word, code)


section(
    SECTION,
    label=gettext_lazy("What alerts mean"),
    hint=gettext_lazy("The labels that name service and severity, in the order of asking, and the words that mean each severity. Separate words with blanks."),
    fields=[Line(name="words", label=gettext_lazy("Words"), required=True, limit=400)],
    data=Path(__file__).resolve().parent / "playbook_data" / "alert_rules.json",
    check=_each_word_once,
    fixed=[*SEVERITIES, "severity", "service"],
    position=60,
)
