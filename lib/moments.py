"""Fields for days and times that people and programs tell, in forms and in the API: refused where no incident can have been."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

FIRST_YEAR, LAST_YEAR = 2000, 2100  # far from the ends of the calendar, where no time zone can be reckoned with


def refuse_far(told: date) -> None:
    """Raise ValidationError for a day or time, by its own zone, of another age."""
    if not FIRST_YEAR <= told.year <= LAST_YEAR:
        raise ValidationError(_("Give a year from %(first)s to %(last)s."), code="far", params={"first": str(FIRST_YEAR), "last": str(LAST_YEAR)})


class DayInput(forms.DateField):
    """A day in a form."""

    default_validators = [refuse_far]


class MomentInput(forms.DateTimeField):
    """A time in a form, in the reader's zone."""

    default_validators = [refuse_far]


class DayField(serializers.DateField):
    """A day in the API."""

    default_validators = [refuse_far]


class MomentField(serializers.DateTimeField):
    """A time in the API."""

    def enforce_timezone(self, value: datetime) -> Any:
        """Refuse it before a time zone is reckoned with."""
        refuse_far(value)
        return super().enforce_timezone(value)
