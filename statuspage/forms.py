"""The form of an update for the public: phrases to choose, words of one's own per language, what is said of each component."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from comms import phrases
from incidents.forms import AboutIncident
from lib.i18n import LANGUAGES
from statuspage import drafts, rules, standard
from statuspage.models import Component, ComponentState, Draft, Kind, Post
from statuspage.telling import LONGEST_PROMISE, LONGEST_TITLE, Telling

LANGUAGE_NAMES = {"en": _("English"), "zh-hans": _("Chinese")}
COMPONENT = "component."  # the prefix of the fields of components
STATES = [(code, label) for code, label in ComponentState.choices if code != ComponentState.MAINTENANCE]


class PublishForm(AboutIncident):
    """What goes out. A command's words stand in `text`, in whichever language they are; the rest is standard then."""

    kind = forms.ChoiceField(label=_("What is it"), required=False)
    symptom = forms.ChoiceField(label=_("What one notices"), required=False)
    advice = forms.ChoiceField(label=_("What one can do"), required=False)
    next_minutes = forms.IntegerField(
        label=_("Next update within (minutes)"), required=False, min_value=1, max_value=LONGEST_PROMISE, help_text=_("Left empty, no time is promised.")
    )
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
    is_command = forms.BooleanField(required=False, widget=forms.HiddenInput)
    text = forms.CharField(required=False, strip=True, widget=forms.HiddenInput)
    shows_reference = forms.BooleanField(label=_("Show the incident’s number"), required=False)
    all_the_same = forms.BooleanField(label=_("Publish all the same"), required=False)

    def prepare(self) -> None:
        """Offer the kinds that fit, the phrases there are, the components that are shown; begin with the draft, else standard words."""
        self.post = Post.objects.filter(incident=self.incident).first()
        self.draft = Draft.objects.filter(incident=self.incident).first()
        self.kinds = rules.kinds(self.incident, self.post)
        self.components = list(Component.objects.filter(is_shown=True).select_related("service"))
        self.fields["kind"].required = not (self.is_bound and self.data.get("is_command"))
        self.fields["kind"].choices = [(str(kind), kind.label) for kind in self.kinds]
        for group in ("symptom", "advice"):
            self.fields[group].choices = [("", _("Nothing said")), *phrases.choices(group)]
        for language in LANGUAGES:
            values = {"language": LANGUAGE_NAMES[language]}
            self.fields[f"title_{language}"] = forms.CharField(label=_("Title, %(language)s") % values, required=False, max_length=LONGEST_TITLE)
            words = forms.Textarea(attrs={"rows": 3, "lang": language})
            self.fields[f"free_{language}"] = forms.CharField(label=_("In your own words, %(language)s") % values, required=False, widget=words)
        for component in self.components:
            choices = [("", _("not touched")), *STATES]
            self.fields[COMPONENT + component.slug] = forms.ChoiceField(label=str(component), required=False, choices=choices)
        self.initial = {**self.beginning(), **self.initial}

    def beginning(self) -> dict[str, Any]:
        """What the form shows first."""
        told = drafts.told(self.draft) if self.draft else self.standard(self.initial.get("kind") or "")
        found: dict[str, Any] = {
            "kind": told.kind,
            "symptom": told.symptom,
            "advice": told.advice,
            "next_minutes": told.next_minutes,
            "seen": self.draft.base_number if self.draft and self.draft.edited_by_id else self.last_number,
            "shows_reference": bool(self.post and self.post.shows_reference),
        }
        title = {**(self.post.title if self.post else {}), **told.title}
        for language in LANGUAGES:
            found |= {f"title_{language}": title.get(language, ""), f"free_{language}": told.free.get(language, "")}
        return found | {COMPONENT + slug: state for slug, state in told.services.items()}

    @property
    def last_number(self) -> int:
        """Of the newest update that is public."""
        return self.post.last_number if self.post else 0

    @property
    def likeliest(self) -> str:
        """The kind that fits best."""
        return str(self.kinds[0] if self.kinds else Kind.INVESTIGATING)

    def standard(self, kind: str = "") -> Telling:
        """The standard words of a kind, by default of the one that fits best."""
        return standard.telling(self.incident, kind or self.likeliest, self.post)

    def telling(self) -> Telling:
        """What a valid form tells."""
        said = self.cleaned_data
        if said.get("is_command"):
            plain = standard.left_out(self.incident, said["kind"] or self.likeliest, self.post)
            return Telling.load({**plain.dump(), "free": in_its_language(said["text"]), "next_minutes": said["next_minutes"] or plain.next_minutes})
        return Telling(
            kind=said["kind"] or (str(self.kinds[0]) if self.kinds else ""),
            symptom=said["symptom"],
            advice=said["advice"],
            next_minutes=said["next_minutes"],
            free={language: said[f"free_{language}"] for language in LANGUAGES if said[f"free_{language}"]},
            title={language: said[f"title_{language}"] for language in LANGUAGES if said[f"title_{language}"]},
            services={row.slug: said[COMPONENT + row.slug] for row in self.components if said[COMPONENT + row.slug]},
        )

    def titles(self) -> list[Any]:
        """The fields of the title, by language."""
        return [self[f"title_{language}"] for language in LANGUAGES]

    def free_words(self) -> list[Any]:
        """The fields of free words, by language."""
        return [self[f"free_{language}"] for language in LANGUAGES]

    def component_fields(self) -> list[Any]:
        """The fields of components in the order of the page."""
        return [self[COMPONENT + row.slug] for row in self.components]


def in_its_language(text: str) -> dict[str, str]:
    """A command's words under the language they are written in: Chinese where a Chinese character stands in them."""
    if not text:
        return {}
    return {"zh-hans" if any("\u4e00" <= letter <= "\u9fff" for letter in text) else "en": text}
