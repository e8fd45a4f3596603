"""What people type into the pages of this room."""

from typing import Any
from zoneinfo import available_timezones

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts import adapter, codes, throttle, tokens
from accounts.abilities import ABILITY_NAMES, ROLE_NAMES
from accounts.models import User

ZONES = [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones()) if "/" in zone or zone == "UTC"]
THEMES = [("", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))]


def new_password_field(label: Any) -> forms.CharField:
    """A field for a password to be set."""
    return forms.CharField(
        label=label,
        strip=False,
        max_length=256,
        help_text=_("At least 10 characters. A few unrelated words are easy to remember and hard to guess."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "minlength": 10}),
    )


class LoginForm(AllauthLoginForm):
    """User name or e-mail, and the password."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name or e-mail")
        self.fields["login"].max_length = 254
        self.fields["login"].widget.attrs = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True, "maxlength": 254}
        self.fields["password"].label = _("Password")
        self.fields["password"].help_text = ""
        self.fields["password"].widget.attrs = {"autocomplete": "current-password", "maxlength": 256}


class CodeMixin:
    """One code from the app or the list, taken once, its guesses throttled."""

    fields: dict[str, forms.Field]
    user: User
    cleaned_data: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code")
        self.fields["code"].help_text = _("Six digits from your authenticator app, or one of your recovery codes.")
        self.fields["code"].widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "maxlength": 20}

    def clean_code(self) -> str:
        """The code; raises ValidationError for a wrong or used one, or after too many."""
        try:
            slots = throttle.take(context.request, f"person:{self.user.pk}", self.user.pk, "code")
        except throttle.Throttled as error:
            raise ValidationError(adapter.TOO_MANY, code="throttled") from error
        code = str(self.cleaned_data["code"])
        found = codes.use(self.user, code)
        if found is None:
            self._emit_authentication_failed(Authenticator.objects.filter(user=self.user).first())  # type: ignore[attr-defined]
            raise ValidationError(_("This code is not right, or it was used already. Wait for the next one."), code="incorrect_code")
        throttle.release(slots)
        found.user = self.user
        self.authenticator = found
        return code


class CodeForm(CodeMixin, AuthenticateForm):
    """The second step of signing in."""


class CodeAgainForm(CodeMixin, ReauthenticateForm):
    """Proving oneself again."""


class PasswordChangeForm(forms.Form):
    """The old password and a new one."""

    old = forms.CharField(label=_("Your password now"), strip=False, max_length=256, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}))
    new = new_password_field(_("New password"))

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old(self) -> str:
        """The old password, guesses throttled."""
        if not get_adapter().reauthenticate(self.user, self.cleaned_data["old"]):
            raise ValidationError(_("This is not your password."))
        return str(self.cleaned_data["old"])

    def clean_new(self) -> str:
        """A password that is strong enough."""
        validate_password(self.cleaned_data["new"], self.user)
        return str(self.cleaned_data["new"])


class ResetForm(forms.Form):
    """Who forgot the password."""

    login = forms.CharField(label=_("User name or e-mail"), max_length=254, widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}))


class WelcomeForm(forms.Form):
    """What a new person sets."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = new_password_field(_("Password"))
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=ZONES, help_text=_("Times are shown in it, and others see whether you may be asleep."))

    def __init__(self, *args: Any, person: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        """A password that is strong enough."""
        validate_password(self.cleaned_data["password"], self.person)
        return str(self.cleaned_data["password"])


class NewPasswordForm(WelcomeForm):
    """A new password for somebody who is known already."""

    name = language = time_zone = None  # type: ignore[assignment]


class ProfileForm(forms.ModelForm):
    """What people change about themselves."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=ZONES)
    theme = forms.ChoiceField(label=_("Theme"), choices=THEMES, required=False)
    single_keys = forms.BooleanField(
        label=_("Single-letter keys"), required=False, help_text=_("g, j, k, a, r … act at once. Switch off when you use voice control or type by accident.")
    )

    class Meta:
        model = User
        fields = ("name", "email", "language", "time_zone", "theme", "single_keys")


class InviteForm(forms.ModelForm):
    """A new person."""

    roles = forms.MultipleChoiceField(label=_("Roles"), choices=list(ROLE_NAMES.items()), widget=forms.CheckboxSelectMultiple, initial=["responder"])

    class Meta:
        model = User
        fields = ("name", "email", "username", "language", "roles")
        help_texts = {
            "username": _("What they sign in with; the e-mail works too."),
            "email": _("The invitation goes there. Without one you hand over the link yourself."),
        }
        widgets = {"language": forms.Select(choices=settings.LANGUAGES)}


class RightsForm(forms.Form):
    """What a person may do."""

    roles = forms.MultipleChoiceField(label=_("Roles"), choices=list(ROLE_NAMES.items()), widget=forms.CheckboxSelectMultiple, required=False)
    extra_abilities = forms.MultipleChoiceField(
        label=_("Beside the roles"),
        choices=list(ABILITY_NAMES.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Private incidents are seen only by those named in them, and by people who have “See private”."),
    )


SCOPES = {
    "read": _("read: see what you see"),
    "write": _("write: do what you may do, and read"),
    "ingest": _("ingest: send alerts"),
    "deploy": _("deploy: tell of deployments and ask the gate"),
    "recovery": _("recovery: tell of recovery points"),
    "publish": _("publish: write to users"),
    "admin": _("admin: everything, people and settings too"),
}


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(label=_("What uses it"), max_length=80, widget=forms.TextInput(attrs={"placeholder": _("deploy pipeline")}))
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=[(scope, SCOPES[scope]) for scope in tokens.SCOPES], widget=forms.CheckboxSelectMultiple, initial=["read"]
    )
    services = forms.CharField(
        label=_("Only for these services"), required=False, max_length=500, help_text=_("Slugs, separated by blanks. Empty: not tied to services.")
    )
    days = forms.IntegerField(label=_("Ends after (days)"), min_value=1, max_value=tokens.LONGEST_DAYS, initial=90)

    def clean_services(self) -> list[str]:
        """The slugs."""
        return str(self.cleaned_data["services"]).replace(",", " ").split()


class CalendarForm(forms.Form):
    """Working time, as lines that people can read."""

    slug = forms.SlugField(label=_("Short name"), max_length=50)
    name_en = forms.CharField(label=_("Name in English"), max_length=120)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120, required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=ZONES)
    hours = forms.CharField(
        label=_("Hours"),
        widget=forms.Textarea(attrs={"rows": 7, "spellcheck": "false"}),
        help_text=_("One weekday a line: “mon 09:00-12:00 13:00-18:00”. Days left out are free."),
    )
    days = forms.CharField(
        label=_("Holidays and make-up days"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        help_text=_("One date a line: “2026-10-01 off National Day”, “2026-10-10 work Make-up day”, “2026-12-24 09:00-12:00 Christmas Eve”."),
    )
    is_default = forms.BooleanField(label=_("Default calendar"), required=False, help_text=_("P3 and P4 count time by it."))
