"""What people fill in: a section, a review, a publication, an action item."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from accounts.models import User
from incidents.models import Team
from lib.moments import DayInput
from postmortems import lifecycle, sections
from postmortems.models import ActionItem, Postmortem


def people(postmortem: Postmortem) -> Any:
    """Who may write and review: active people who respond; of a private incident those who may see it."""
    found = User.objects.active().with_ability(Ability.RESPOND).order_by("name", "username")
    if not postmortem.incident.is_private:
        return found
    seeing = [one.pk for one in found if type(postmortem.incident).objects.visible_to(one).filter(pk=postmortem.incident_id).exists()]
    return found.filter(pk__in=seeing)


class SectionForm(forms.Form):
    """The words of a section, and the version that they were written on."""

    text = forms.CharField(required=False, strip=False, widget=forms.Textarea(attrs={"rows": 10}))
    base = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    note = forms.CharField(
        label=_("What you changed, and why"), max_length=500, required=False, help_text=_("It is published: this stands beside the new edition.")
    )

    def __init__(self, *args: Any, is_published: bool = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not is_published:
            del self.fields["note"]


class Act(forms.Form):
    """A form about one post-mortem; `done` carries it out."""

    def __init__(self, postmortem: Postmortem, *args: Any, **kwargs: Any):
        self.postmortem = postmortem
        super().__init__(*args, **kwargs)


class SubmitForm(Act):
    """Who reviews it."""

    reviewers = forms.ModelMultipleChoiceField(
        label=_("Who reviews it"),
        queryset=User.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("All of them have to approve. Its author cannot be the only one while somebody else commands."),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["reviewers"].queryset = people(self.postmortem)  # type: ignore[attr-defined]


class CommentForm(Act):
    """A word along with it."""

    comment = forms.CharField(label=_("Comment"), max_length=lifecycle.LONGEST_COMMENT, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class ReturnForm(Act):
    """What is missing."""

    comment = forms.CharField(label=_("What is missing"), max_length=lifecycle.LONGEST_COMMENT, widget=forms.Textarea(attrs={"rows": 3}))


class PublishForm(Act):
    """When it is looked at again."""

    next_review_on = DayInput(
        label=_("Next review"), required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text=_("Left empty, a month from now.")
    )


class WaiveForm(Act):
    """Why there is none."""

    reason = forms.CharField(
        label=_("Why no post-mortem is needed"),
        max_length=lifecycle.LONGEST_COMMENT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It stays on the timeline and in the audit trail."),
    )


class AuthorForm(Act):
    """Who answers for it."""

    author = forms.ModelChoiceField(label=_("Author"), queryset=User.objects.none())

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["author"].queryset = people(self.postmortem)  # type: ignore[attr-defined]
        self.initial.setdefault("author", self.postmortem.author_id)


class RowForm(forms.Form):
    """One row of the timeline table."""

    text = forms.CharField(label=_("In other words"), max_length=2000, required=False, help_text=_("Left empty, the entry's own words stand."))
    is_shown = forms.BooleanField(label=_("Show it in the table"), required=False)


OWNER_PERSON, OWNER_TEAM = "person", "team"


class ActionForm(forms.Form):
    """An action item; person and team share one list of owners."""

    title = forms.CharField(label=_("What"), max_length=300)
    horizon = forms.ChoiceField(label=_("Horizon"), choices=ActionItem.Horizon.choices, initial=ActionItem.Horizon.IMMEDIATE)
    priority = forms.ChoiceField(label=_("Priority"), choices=ActionItem.Priority.choices, initial=ActionItem.Priority.MEDIUM)
    who = forms.ChoiceField(label=_("Owner"), required=False)
    due_on = DayInput(
        label=_("Due"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: after 1 week, 1 month or 3 months."),
    )
    acceptance = forms.CharField(label=_("Done when"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    ticket_url = forms.URLField(label=_("Ticket"), max_length=500, required=False, assume_scheme="https")
    number = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, postmortem: Postmortem, *args: Any, item: ActionItem | None = None, **kwargs: Any):
        self.item = item
        if item is not None:
            first = {name: getattr(item, name) for name in ("title", "horizon", "priority", "due_on", "acceptance", "ticket_url", "number")}
            kwargs.setdefault("initial", {**first, "who": _code_of(item)})
        super().__init__(*args, **kwargs)
        self.people = {f"{OWNER_PERSON}:{one.pk}": one for one in people(postmortem)}
        self.teams = {f"{OWNER_TEAM}:{one.pk}": one for one in Team.objects.filter(archived=False)}
        if item is not None and item.owner is not None:
            self.people.setdefault(_code_of(item), item.owner)
        groups = [(_("Teams"), [(code, str(one)) for code, one in self.teams.items()]), (_("People"), [(code, str(one)) for code, one in self.people.items()])]
        self.fields["who"].choices = [("", _("nobody yet")), *groups]  # type: ignore[attr-defined]

    def told(self) -> dict[str, Any]:
        """The fields as `actions` takes them; an empty day is left to the horizon."""
        said = dict(self.cleaned_data)
        code = said.pop("who")
        said.pop("number")
        if not said["due_on"]:
            said.pop("due_on")
        return {**said, "owner": self.people.get(code), "team": self.teams.get(code)}


def _code_of(item: ActionItem) -> str:
    if item.owner_id:
        return f"{OWNER_PERSON}:{item.owner_id}"
    return f"{OWNER_TEAM}:{item.team_id}" if item.team_id else ""


class SettleForm(forms.Form):
    """Done, dropped or open again."""

    state = forms.ChoiceField(choices=ActionItem.State.choices)
    reason = forms.CharField(label=_("Why it is dropped"), max_length=1000, required=False)
    number = forms.IntegerField(required=False, widget=forms.HiddenInput)


LONGEST_PUBLIC = sections.LONGEST


class PublicForm(Act):
    """The redacted version in both languages, read and confirmed by a person."""

    en = forms.CharField(label=_("English"), max_length=LONGEST_PUBLIC, required=False, widget=forms.Textarea(attrs={"rows": 16, "lang": "en"}))
    zh_hans = forms.CharField(label=_("Chinese"), max_length=LONGEST_PUBLIC, required=False, widget=forms.Textarea(attrs={"rows": 16, "lang": "zh-Hans"}))
    is_confirmed = forms.BooleanField(label=_("I have read it: no names, no inner hosts, nothing that a customer must not read"), required=False)
    is_insisted = forms.BooleanField(label=_("Publish all the same"), required=False)

    def document(self) -> dict[str, str]:
        """The texts by language."""
        return {"en": self.cleaned_data["en"].strip(), "zh-hans": self.cleaned_data["zh_hans"].strip()}
