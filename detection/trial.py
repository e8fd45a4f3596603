"""Sends a real alert through a source's own way in, so that one sees where its alerts go."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.abilities import Ability
from detection import delivering, ingest
from detection.models import Alert, Source
from detection.normal import FIRING, RESOLVED
from detection.sources import KINDS
from detection.sources.reading import TEST
from incidents.models import Severity
from lib.errors import Forbidden, Refused
from lib.jsonio import canonical


class TestForm(forms.Form):
    """How grave the test alert is, and whether it begins or ends."""

    __test__ = False  # no test of pytest's
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), choices=Severity.choices, initial=Severity.P4)
    status = forms.ChoiceField(choices=[(FIRING, FIRING), (RESOLVED, RESOLVED)], widget=forms.HiddenInput)


def current(source: Source) -> Alert | None:
    """The source's test alert, while it fires."""
    return Alert.objects.firing().filter(source=source, fingerprint=TEST).first()


def send(source: Source, *, severity: str, status: str, actor: Any, request: Any = None) -> Alert:
    """Write what such a sender would write, and take it as if it came in by the door. Returns the alert that it became.

    Raises Refused for the portal's own source (409) and while the database is busy (503), Forbidden.
    """
    if not actor.can(Ability.CONFIGURE):
        raise Forbidden(_("You need the right “configure” for this."))
    kind = KINDS.get(source.kind)
    if kind is None:
        raise Refused(_("The portal's own source takes no alerts from outside."))
    payload = kind.sample(_("Test alert of %(source)s") % {"source": source.name}, severity, status)
    try:
        ingest.take(source, kind, canonical(payload).encode())
    except delivering.Busy:
        raise Refused(_("The database is away or busy; send this again."), status=503) from None
    audit.record("source.test", actor=actor, target=f"source {source.slug}", after={"severity": severity, "status": status}, request=request)
    return Alert.objects.filter(source=source, fingerprint=TEST).latest("starts_at")
