"""Who outside wants to hear, how they agreed to it, and what is said to them."""

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from comms.querysets import SubscriberQuerySet
from incidents.models import Incident, Service
from incidents.querysets import VisibleThroughIncident
from lib import append_only
from lib.leases import Leased
from lib.vault import EncryptedTextField

LANGUAGES = (("en", _("English")), ("zh-hans", _("Chinese")))


def new_code() -> str:
    """The secret part of an address that ends a subscription: for that alone."""
    return secrets.token_urlsafe(24)


def new_salt() -> str:
    """What makes Message-IDs of an announcement its own."""
    return secrets.token_hex(8)


class Subscriber(models.Model):
    """A mailbox or a webhook outside. `subscribers.py` is the only writer. One that was erased stays as an empty row: its consents lead to it."""

    class Channel(models.TextChoices):
        EMAIL = "email", _("E-mail")
        WEBHOOK = "webhook", _("Webhook")

    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    address = models.CharField(max_length=254, blank=True)
    language = models.CharField(max_length=10, choices=LANGUAGES, default="en")
    services = models.ManyToManyField(Service, related_name="+")  # none: all of them
    code = models.CharField(max_length=40, unique=True, default=new_code)  # the link that ends it
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # consent was withdrawn
    erased_at = models.DateTimeField(null=True)
    suppressed_at = models.DateTimeField(null=True)  # the provider says that nobody is there (5.1.1, 410); a person lifts it
    suppressed_reason = models.CharField(max_length=200, blank=True)
    secret = EncryptedTextField(blank=True)  # whsec_… of a webhook
    old_secret = EncryptedTextField(blank=True)  # signs beside the new one until `old_secret_until`
    old_secret_until = models.DateTimeField(null=True)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            # The page: newest first, keyset by (created_at, id).
            models.Index(fields=["-created_at", "-id"], name="subscriber_newest"),
            # The fan-out and the count of readers by language.
            models.Index(fields=["language", "id"], name="subscriber_active", condition=Q(ended_at=None, erased_at=None, suppressed_at=None)),
        ]
        constraints = [
            models.UniqueConstraint("channel", Lower("address"), condition=Q(erased_at=None), name="subscriber_once"),
            models.CheckConstraint(condition=Q(erased_at=None) | Q(address=""), name="subscriber_erased_is_empty"),
        ]

    def __str__(self) -> str:
        return f"subscriber {self.pk}"

    @property
    def is_active(self) -> bool:
        """Whether messages go there."""
        return self.ended_at is None and self.erased_at is None and self.suppressed_at is None


class Consent(models.Model):
    """A subscriber agreed, or withdrew: how, when, and to which words. Append-only, and without the address, so that an erasure leaves it true."""

    class Kind(models.TextChoices):
        GIVEN = "given", _("agreed")
        WITHDRAWN = "withdrawn", _("withdrew")

    class Source(models.TextChoices):
        CSV = "csv", _("CSV file")
        API = "api", _("API")
        CONSOLE = "console", _("console")
        LINK = "link", _("link in a mail")

    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="consents")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source = models.CharField(max_length=10, choices=Source.choices)
    words = models.CharField(max_length=200, blank=True)  # how and to what: "sign-up form of 2026-03", "contract, clause 7"
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        # The invariant "every subscriber mail has a consent row", and a subscriber's history.
        indexes = [models.Index(fields=["subscriber", "at"], name="consent_of")]

    def __str__(self) -> str:
        return f"subscriber {self.subscriber_id} {self.kind} by {self.source}"


append_only.protect(Consent)


class Announcement(Leased):
    """A mail to the users about an incident. A draft until a person (or the playbook) sends it; then it waits a minute for *Undo*."""

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("announcement", "Draft")
        WAITING = "waiting", pgettext_lazy("announcement", "Leaves soon")
        SENDING = "sending", pgettext_lazy("announcement", "Leaving")
        SENT = "sent", pgettext_lazy("announcement", "Handed to the outbox")
        WITHDRAWN = "withdrawn", pgettext_lazy("announcement", "Stopped")
        VOID = "void", pgettext_lazy("announcement", "No longer needed")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="announcements")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    words = models.JSONField(default=dict)  # public_words.Words
    promise_seconds = models.PositiveIntegerField(null=True)  # from leaving to the next one, as it says
    is_own_words = models.BooleanField(default=False)  # of a private incident: typed by a person, and nothing else is said
    is_auto = models.BooleanField(default=False)  # made by the playbook, not touched by a person
    salt = models.CharField(max_length=16, default=new_salt)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    leaves_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)  # handed to the outbox
    hits = models.JSONField(default=list)  # words of the list that a person let pass
    readers = models.JSONField(default=dict)  # by language, as handed to the outbox
    error = models.TextField(blank=True)

    objects = VisibleThroughIncident.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            # The engine: what waits for its minute, or was interrupted on its way.
            models.Index(fields=["leaves_at"], name="announcement_leaving", condition=Q(state__in=["waiting", "sending"])),
            models.Index(fields=["-created_at", "-id"], name="announcement_newest"),
        ]
        constraints = [
            # One letter lies open per incident; a second press finds it.
            models.UniqueConstraint(fields=["incident"], condition=Q(state__in=["draft", "waiting"]), name="announcement_open_once"),
            models.CheckConstraint(condition=~Q(state="waiting") | Q(leaves_at__isnull=False), name="announcement_waits_until"),
        ]

    def __str__(self) -> str:
        return f"announcement {self.pk} of {self.incident_id}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/messages/announcements/{self.pk}/"

    @property
    def next_at(self) -> Any:
        """The promise in its words, ISO, or None."""
        return self.words.get("next_at")
