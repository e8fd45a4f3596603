"""Forms about how the public page looks: a component's public side, and the page as a whole."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lib.i18n import LANGUAGES
from statuspage.forms import LANGUAGE_NAMES
from statuspage.models import Component

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


class ComponentForm(forms.Form):
    """What a component is called outside; it begins with what the public reads now."""

    position = forms.IntegerField(label=_("Position"), min_value=0, max_value=9999, required=False)
    is_hidden = forms.BooleanField(label=_("Not shown"), required=False, help_text=_("Nothing of it is on the public page, and no update can name it."))

    def __init__(self, *args: Any, component: Component, **kwargs: Any):
        super().__init__(*args, **kwargs)
        named: dict[str, forms.Field] = {}
        for field, label, limit in (("name", _("Public name, %(language)s"), 100), ("description", _("Public description, %(language)s"), 200)):
            for language in LANGUAGES:
                named[f"{field}_{language}"] = forms.CharField(label=label % {"language": LANGUAGE_NAMES[language]}, required=False, max_length=limit)
                self.initial[f"{field}_{language}"] = getattr(component, field).get(language, "")
        self.fields = {**named, **self.fields}
        self.initial.update(position=component.position, is_hidden=not component.is_shown)

    def said(self) -> dict[str, Any]:
        """As the playbook's section keeps it."""
        data = self.cleaned_data
        texts = {field: {language: data[f"{field}_{language}"] for language in LANGUAGES} for field in ("name", "description")}
        return {**texts, "position": data["position"], "is_hidden": data["is_hidden"]}


class PageForm(forms.Form):
    """The company, where users find help, and the looks."""

    name = forms.CharField(label=_("Company"), max_length=80, required=False, help_text=_("Stands on top of the public page."))
    support_mail = forms.EmailField(label=_("Support: e-mail"), required=False)
    support_url = forms.URLField(label=_("Support: page"), required=False, assume_scheme="https", max_length=200)
    accent = forms.CharField(label=_("Accent colour"), max_length=7, required=False, help_text=_("As #1f6feb; left empty, the portal’s own."))
    logo = forms.FileField(label=_("Logo"), required=False, help_text=_("PNG, JPEG, GIF or WebP, at most 256 KB."))
    without_logo = forms.BooleanField(label=_("Take the logo away"), required=False)

    def clean_accent(self) -> str:
        """Six hexadecimal digits."""
        accent: str = self.cleaned_data["accent"].strip().lower()
        if accent and not COLOUR.fullmatch(accent):
            raise forms.ValidationError(_("A colour is “#” and six hexadecimal digits."))
        return accent
