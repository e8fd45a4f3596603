"""Forms of the core's acts: they check shape; the lifecycle checks rules."""

from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.abilities import Ability
from accounts.models import User
from incidents import lifecycle, timeline
from incidents.messages import milestone_name
from incidents.models import Impact, Incident, Role, Service, Severity, State, Team
from incidents.models.incident import MILESTONES
from lib.moments import MomentInput


def people_who_respond() -> list[Any]:
    """Active people who may respond, for choices."""
    return list(User.objects.active().with_ability(Ability.RESPOND))


class AboutIncident(forms.Form):
    """A form whose choices depend on the incident and the reader."""

    knows_incident = True
    fields: Any  # by name; what prepare() finds there differs per form

    def __init__(self, *args: Any, incident: Incident, user: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.incident, self.user = incident, user
        self.prepare()

    def prepare(self) -> None:
        """Fill choices and initial values."""


class PersonField(forms.CharField):
    """A person by user name, with or without the @; becomes the person."""

    def __init__(self, **kwargs: Any):
        kwargs.setdefault("widget", forms.Select)
        super().__init__(**kwargs)

    def offer(self, *, none: Any = None) -> None:
        """Fill the choices."""
        blank = [("", none)] if none else []
        self.widget.choices = blank + [(person.username, str(person)) for person in people_who_respond()]

    def clean(self, value: Any) -> Any:
        """The person, or None when left empty."""
        name = super().clean(value).strip().lstrip("@")
        if not name:
            return None
        users = User.objects.active()
        person = users.filter(username__iexact=name).first() or users.filter(name__iexact=name).first()
        if person is None:
            raise forms.ValidationError(_("Nobody here is called “%(name)s”."), params={"name": name})
        return person


class NoteForm(forms.Form):
    """A word along with a step forward."""

    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class ReasonForm(forms.Form):
    """A step that needs its reason."""

    note = forms.CharField(label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class StatusForm(AboutIncident):
    """Any state that may follow."""

    to = forms.ChoiceField(label=_("State"))
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def prepare(self) -> None:
        """Offer what the table allows."""
        labels = dict(State.choices)
        self.fields["to"].choices = [(to, labels[to]) for to in lifecycle.allowed(self.incident)]


class SeverityForm(AboutIncident):
    """A new severity and why."""

    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices)
    reason = forms.CharField(label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def prepare(self) -> None:
        """Begin at the present one."""
        self.fields["severity"].initial = self.incident.severity


class AssignForm(AboutIncident):
    """Who plays which part."""

    role = forms.ChoiceField(label=_("Part"), choices=Role.choices)
    person = PersonField(label=_("Person"), required=False)

    def prepare(self) -> None:
        """Offer who may respond."""
        self.fields["person"].offer(none=_("Nobody"))


class UsersForm(AboutIncident):
    """How many users are hit."""

    users_affected = forms.IntegerField(label=_("Users hit"), required=False, min_value=0, max_value=2_000_000_000)
    users_affected_percent = forms.DecimalField(label=_("Per cent of users"), required=False, min_value=0, max_value=100, max_digits=5, decimal_places=2)

    def prepare(self) -> None:
        """Begin at what is known."""
        self.initial = {"users_affected": self.incident.users_affected, "users_affected_percent": self.incident.users_affected_percent}


class EditForm(AboutIncident):
    """Title and summary."""

    title = forms.CharField(label=_("Title"), max_length=200)
    summary = forms.CharField(label=_("Summary"), required=False, widget=forms.Textarea(attrs={"rows": 5}))

    def prepare(self) -> None:
        """Begin at what stands."""
        self.initial = {"title": self.incident.title, "summary": self.incident.summary}


class ServicesForm(AboutIncident):
    """How badly each service is hit; one field per service."""

    def prepare(self) -> None:
        """A choice of levels for each service in use."""
        levels = {impact.service.slug: impact.level for impact in self.incident.impacts.select_related("service")}
        for service in Service.objects.current():
            self.fields[service.slug] = forms.ChoiceField(
                label=str(service), required=False, choices=[("", _("Not hit")), *Impact.Level.choices], initial=levels.get(service.slug, "")
            )

    def clean(self) -> dict[str, Any]:
        """The services that are hit: {slug: level}."""
        return {"levels": {slug: level for slug, level in self.cleaned_data.items() if level}}


class WordsForm(forms.Form):
    """A note for the story."""

    text = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 3}))
    at = MomentInput(label=_("When it happened"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}))


class MilestoneForm(AboutIncident):
    """Correct a milestone."""

    name = forms.ChoiceField(label=_("Milestone"))
    at = MomentInput(label=_("When it really was"), widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}))
    reason = forms.CharField(label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def prepare(self) -> None:
        """Offer the milestones that were reached."""
        reached = [name for name in MILESTONES if getattr(self.incident, f"{name}_at")]
        self.fields["name"].choices = [(name, milestone_name(name)) for name in reached]


class MergeForm(AboutIncident):
    """Which incident this one is part of."""

    into = forms.CharField(label=_("Into"), max_length=24, widget=forms.Select)
    reason = forms.CharField(label=_("Why"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def prepare(self) -> None:
        """Offer the open incidents that this one may join."""
        mine = self.incident
        others = Incident.objects.visible_to(self.user).open().filter(is_private=mine.is_private, is_drill=mine.is_drill).exclude(pk=mine.pk)
        self.fields["into"].widget.choices = [(other.reference, f"{other.reference} · {other.title}") for other in others[:200]]

    def clean_into(self) -> Incident:
        """The target, if this person sees it."""
        target = Incident.objects.visible_to(self.user).filter(reference__iexact=self.cleaned_data["into"].strip()).first()
        if target is None:
            raise forms.ValidationError(_("There is no incident called “%(name)s”."), params={"name": self.cleaned_data["into"]})
        return target


class GrantForm(AboutIncident):
    """A person or a team."""

    person = PersonField(label=_("Person"), required=False)
    team = forms.ModelChoiceField(label=_("Team"), required=False, queryset=Team.objects.filter(archived=False), to_field_name="slug")

    def prepare(self) -> None:
        """Offer who may respond."""
        self.fields["person"].offer(none="–")


class RedactForm(AboutIncident):
    """Which entry is taken back, and why. Done only once the form has shown that entry: its number comes back as `shown`."""

    seq = forms.IntegerField(label=_("Entry number"), min_value=1)
    reason = forms.CharField(label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    @cached_property
    def entry(self) -> timeline.Line | None:
        """The entry of the number that stands in the form, if there is one."""
        told = str((self.data if self.is_bound else self.initial).get("seq", "")).strip()
        if not (told.isascii() and told.isdigit() and len(told) < 10):
            return None
        found = timeline.lines(self.incident, after=int(told) - 1, limit=1)
        return found[0] if found and found[0].seq == int(told) else None

    def clean(self) -> dict[str, Any]:
        """Refuse what has not been shown."""
        told = super().clean() or {}
        if "seq" in told and self.entry is None:
            self.add_error("seq", _("There is no such entry."))
        elif "seq" in told and self.data.get("shown") != str(told["seq"]):
            self.add_error(None, _("Nothing is gone yet. Read below what would go, then press again."))
        return told
