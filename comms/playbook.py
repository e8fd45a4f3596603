"""The playbook's sections on what the public hears: when, in which words, from whom, and which words never."""

import string
from collections.abc import Iterator, Mapping
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.models import Severity
from incidents.playbook.fields import Choice, Line, Number, Seconds, Text, Url
from incidents.playbook.sections import Items, section

DATA = Path(__file__).resolve().parent / "playbook_data"
PUBLICATION, PHRASES, WORDS, PRODUCT = "publication", "public_phrases", "word_list", "product"

GROUPS = ("state", "symptom", "advice", "next", "level")
VALUES = {"next.at": {"time"}}  # what stands in braces in a phrase
HOW = (
    ("auto", gettext_lazy("by itself, in standard words")),
    ("prepare", gettext_lazy("a draft for a person")),
    ("none", gettext_lazy("nothing")),
)
WHY = (
    ("customer", gettext_lazy("a customer’s name")),
    ("project", gettext_lazy("a project’s inner name")),
    ("host", gettext_lazy("an inner host name")),
    ("marking", gettext_lazy("not meant for the public")),
    ("other", gettext_lazy("a word of the list")),
)


def _phrases(content: Mapping[str, Items]) -> Iterator[str]:
    for key, item in content[PHRASES].items():
        group, _dot, name = key.partition(".")
        if group not in GROUPS or not name:
            yield f"{PHRASES}/{key}: " + _("a phrase’s key is its group (%(groups)s), a dot and a name") % {"groups": " ".join(GROUPS)}
        for text in item["text"].values():
            if problem := _placeholders(text, VALUES.get(key, set())):
                yield f"{PHRASES}/{key}: {problem}"


def _placeholders(text: str, allowed: set[str]) -> str:
    """What is wrong with the braces of a phrase."""
    try:
        found = {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}
    except ValueError:
        return _("a brace has no partner")
    return "" if found <= allowed else _("nothing stands for {%(name)s}") % {"name": sorted(found - allowed)[0]}


section(
    PUBLICATION,
    label=gettext_lazy("When the public hears"),
    hint=gettext_lazy("Once an incident of this severity is confirmed. Nothing becomes public before."),
    data=DATA / "publication.json",
    position=84,
    fixed=Severity.values,
    fields=(
        Choice(name="status_page", label=gettext_lazy("Status page"), choices=HOW, required=True),
        Choice(name="users", label=gettext_lazy("User mail"), choices=HOW, required=True),
        Seconds(name="users_after_seconds", label=gettext_lazy("User mail once the impact has lasted")),
        Seconds(name="within_seconds", label=gettext_lazy("Time to do it in"), hint=gettext_lazy("Counts from when it is owed; then it is missed.")),
    ),
)
section(
    PHRASES,
    label=gettext_lazy("Words for the public"),
    hint=gettext_lazy("Sentences that exist in both languages: state, what one notices, what one can do, when the next update comes."),
    data=DATA / "public_phrases.json",
    position=85,
    check=_phrases,
    fields=(
        Text(name="text", label=gettext_lazy("Text"), required=True),
        Number(name="position", label=gettext_lazy("Position"), is_whole=True, high=30_000),
    ),
)
section(
    WORDS,
    label=gettext_lazy("Words that stay inside"),
    hint=gettext_lazy("Publishing stops and asks when one of them stands in a text. One that begins with a dot is the end of a host’s name."),
    data=DATA / "word_list.json",
    position=86,
    fields=(
        Line(name="words", label=gettext_lazy("Words"), limit=2000, hint=gettext_lazy("Separated by commas.")),
        Choice(name="why", label=gettext_lazy("Why"), choices=WHY, required=True),
        Text(name="instead", label=gettext_lazy("Write instead")),
    ),
)
section(
    PRODUCT,
    label=gettext_lazy("Who speaks to the public"),
    data=DATA / "product.json",
    position=87,
    fixed=["product"],
    fields=(
        Text(name="name", label=gettext_lazy("Product"), required=True, limit=100),
        Line(name="support_mail", label=gettext_lazy("Support: e-mail"), limit=254),
        Url(name="support_url", label=gettext_lazy("Support: page")),
    ),
)
