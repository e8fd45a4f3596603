"""Forms made from a playbook section: one field or two per value, and the item back from what was typed."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from incidents.playbook import Section, fields
from incidents.playbook.fields import SEVERITIES
from lib.i18n import LANGUAGES, pick

WORDS = {1: "s sec 秒", 60: "m min 分 分钟", 3600: "h 时 小时", 86400: "d day days 天"}
UNITS = {word: seconds for seconds, words in WORDS.items() for word in words.split()}
PART = re.compile(r"(\d{1,9})\s*([a-z秒分钟小时天]+)\s*")
NO_LIMIT = {"-", "–", "—"}
LANGUAGE_NAMES = {"en": gettext_lazy("English"), "zh-hans": gettext_lazy("Chinese")}


def spelled(seconds: int) -> str:
    """A length of time exactly, in the reader's language and as the form takes it: "1 h 30 min", "0 s"."""
    days, seconds = divmod(seconds, 86400) if seconds >= 2 * 86400 else (0, seconds)  # 24 h of working time are no day
    hours, seconds = divmod(seconds, 3600)
    minutes, rest = divmod(seconds, 60)
    parts = [
        _("%(count)s d") % {"count": days} if days else "",
        _("%(count)s h") % {"count": hours} if hours else "",
        _("%(count)s min") % {"count": minutes} if minutes else "",
        ngettext("%(count)s s", "%(count)s s", rest) % {"count": rest} if rest else "",
    ]
    return " ".join(part for part in parts if part) or ngettext("%(count)s s", "%(count)s s", 0) % {"count": 0}


def seconds_of(text: str) -> int:
    """The seconds of "15 min", "1 h 30 min", "90 s" or "2 小时". Raises ValidationError."""
    text = text.strip().lower()
    parts = PART.findall(text)
    if not parts or PART.sub("", text) or any(unit not in UNITS for count, unit in parts):
        raise ValidationError(_("Write a length of time with its unit, like “15 min” or “1 h 30 min”."))
    return sum(int(count) * UNITS[unit] for count, unit in parts)


class SecondsField(forms.CharField):
    """A length of time as people write it."""

    def __init__(self, *, takes_no_limit: bool = False, **kwargs: Any):
        self.takes_no_limit = takes_no_limit
        super().__init__(max_length=40, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return spelled(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        return "–" if self.takes_no_limit and text in NO_LIMIT else seconds_of(text)


class ItemForm(forms.Form):
    """One item of `section`; `item()` is what was typed, without what was left empty."""

    def __init__(self, section: Section, content: Mapping[str, Any], item: Mapping[str, Any], data: Any = None, *, key: str = ""):
        self.section, self.content, self.key = section, content, key
        super().__init__(data)
        if not key:
            self.fields["key"] = forms.CharField(label=_("Key"), max_length=100, help_text=_("Stays for ever; letters, digits, dashes."))
        for field in section.fields:
            self._add(field, item.get(field.name))

    def _add(self, field: fields.Field, value: Any) -> None:
        common = {"label": field.label, "required": False, "help_text": field.hint}
        name = field.name
        match field:
            case fields.Text():
                for language in LANGUAGES:
                    widget = forms.Textarea(attrs={"rows": 2}) if field.limit > 200 else forms.TextInput()
                    self._text(name, language, field.label, (value or {}).get(language, ""), widget, required=False)
            case fields.Texts():
                for language in LANGUAGES:
                    lines = "\n".join(text.get(language, "") for text in value or ())
                    self._text(name, language, field.label, lines, forms.Textarea(attrs={"rows": 4}), required=False)
                    self.fields[_part(name, language)].help_text = _("One a line, in the same order in both languages.")
            case fields.PerSeverity():
                for severity in SEVERITIES:
                    shown = "" if severity not in (value or {}) else ("–" if value[severity] is None else spelled(value[severity]))
                    label = f"{field.label}: {severity}"
                    self.fields[f"{name}_{severity}"] = SecondsField(takes_no_limit=True, label=label, required=False, initial=shown)
                self.fields[f"{name}_{SEVERITIES[-1]}"].help_text = _("Empty: not for this severity. “–”: without a time.")
            case fields.Seconds():
                self.fields[name] = SecondsField(**{**common, "required": field.required}, initial=value)
            case fields.Flag():
                self.fields[name] = forms.BooleanField(**common, initial=bool(value))
            case fields.Number():
                self.fields[name] = forms.FloatField(**common, initial=value, widget=forms.NumberInput(attrs={"step": "any"}))
            case fields.Choice():
                self.fields[name] = forms.ChoiceField(**common, initial=value, choices=[("", "–"), *field.choices])
            case fields.Reference():
                self.fields[name] = forms.ChoiceField(**common, initial=value, choices=[("", "–"), *self._keys_of(field.to)])
            case fields.References():
                choices = [(key, label) for key, label in self._keys_of(field.to) if key != self.key]
                self.fields[name] = forms.MultipleChoiceField(**common, initial=value or [], choices=choices, widget=forms.CheckboxSelectMultiple)
            case fields.Conditions():
                self.fields[name] = forms.CharField(**common, initial="\n".join(value or ()), widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}))
            case _:
                self.fields[name] = forms.CharField(**common, initial=value or "")

    def _text(self, name: str, language: str, label: Any, value: str, widget: forms.Widget, *, required: bool) -> None:
        widget.attrs["lang"] = "zh-Hans" if language == "zh-hans" else language
        self.fields[_part(name, language)] = forms.CharField(
            label=f"{label} · {LANGUAGE_NAMES[language]}", required=required, initial=value, widget=widget, max_length=20_000
        )

    def _keys_of(self, section: str) -> list[tuple[str, str]]:
        items = self.content.get(section, {})
        return [(key, pick(item.get("name") or item.get("title")) or key) for key, item in items.items()]

    def item(self) -> dict[str, Any]:
        """The item that was typed."""
        found = {field.name: self._value(field) for field in self.section.fields}
        return {name: value for name, value in found.items() if value not in (None, "", {}, []) and value is not False}

    def _value(self, field: fields.Field) -> Any:
        told, name = self.cleaned_data, field.name
        match field:
            case fields.Text():
                return {language: text for language in LANGUAGES if (text := told.get(_part(name, language), "").strip())}
            case fields.Texts():
                columns = {language: told.get(_part(name, language), "").splitlines() for language in LANGUAGES}
                rows = range(max(len(lines) for lines in columns.values()))
                texts = [{language: lines[row].strip() for language, lines in columns.items() if row < len(lines) and lines[row].strip()} for row in rows]
                return [text for text in texts if text]
            case fields.PerSeverity():
                given = {severity: told.get(f"{name}_{severity}") for severity in SEVERITIES}
                return {severity: None if value == "–" else value for severity, value in given.items() if value is not None}
            case fields.Conditions():
                return told.get(name, "").split()
            case fields.Number():
                value = told.get(name)
                return int(value) if value is not None and value == int(value) else value
            case _:
                return told.get(name)

    def clean(self) -> dict[str, Any]:
        """Let each field of the section judge its value."""
        told = super().clean() or {}
        if self.errors:
            return told
        item = self.item()
        for field in self.section.fields:
            for problem in field.problems(item.get(field.name), self.content):
                self.add_error(self._shown(field), problem)
        return told

    def _shown(self, field: fields.Field) -> str:
        """The form field that an error of a section's field stands at."""
        return next(name for name in self.fields if name == field.name or name.startswith(f"{field.name}_"))


def _part(name: str, language: str) -> str:
    return f"{name}_{language.replace('-', '_')}"
