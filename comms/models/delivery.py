"""One row per outward effect, what was tried, and the state of the channels that carry it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from comms.querysets import DeliveryQuerySet
from incidents.models import Incident
from lib.leases import Leased
from lib.vault import EncryptedTextField


class Priority(models.IntegerChoices):
    """What goes first."""

    CALL = 0, _("Call")
    INTERNAL = 1, _("Internal")
    SUBSCRIBER = 2, _("Subscriber")


class Delivery(Leased):
    """One outward effect. `outbox.enqueue` and `broadcast` are the only writers of new ones, `sweeps.drain_outbox` settles them."""

    class State(models.TextChoices):
        DUE = "due", pgettext_lazy("delivery", "Waiting")
        SENT = "sent", pgettext_lazy("delivery", "Sent")
        DEAD = "dead", pgettext_lazy("delivery", "Failed")
        DROPPED = "dropped", pgettext_lazy("delivery", "Not sent")
        EXPIRED = "expired", pgettext_lazy("delivery", "Expired")

    key = models.CharField(max_length=200, unique=True)  # insert or nothing: one effect, one row
    channel = models.CharField(max_length=20)
    kind = models.CharField(max_length=60)  # of the message catalogue
    params = models.JSONField(default=dict)  # the channel renders
    secret = EncryptedTextField(blank=True)  # parameters of kinds that carry a link or a code, until they are settled
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.INTERNAL)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="deliveries")
    contact_method = models.ForeignKey("comms.ContactMethod", null=True, on_delete=models.SET_NULL, related_name="deliveries")
    address = models.CharField(max_length=254, blank=True)
    language = models.CharField(max_length=10, blank=True)  # of a reader without an account
    incident = models.ForeignKey(Incident, null=True, on_delete=models.PROTECT, related_name="deliveries")
    announcement = models.ForeignKey("comms.Announcement", null=True, on_delete=models.PROTECT, related_name="deliveries")
    subscriber = models.ForeignKey("comms.Subscriber", null=True, on_delete=models.PROTECT, related_name="deliveries")
    is_exercise = models.BooleanField(default=False)
    precondition = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    is_ambiguous = models.BooleanField(default=False)  # may have reached the reader twice (or, to a subscriber, not at all)
    message_id = models.CharField(max_length=120)
    subject = models.CharField(max_length=250, blank=True)  # as last sent; never of kinds that carry a secret
    body = models.TextField(blank=True)
    answer = models.TextField(blank=True)  # the provider's last words, or why it was not sent
    sent_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    alarm = models.ForeignKey("comms.Alarm", null=True, on_delete=models.PROTECT, related_name="deliveries")
    again_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="sent_again")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            # The drain: due rows of a channel by priority, then age.
            models.Index(fields=["channel", "priority", "not_before"], name="delivery_due", condition=Q(state="due")),
            # What has run out, whatever its channel does.
            models.Index(fields=["expires_at"], name="delivery_expiring", condition=Q(state="due", expires_at__isnull=False)),
            # The page: newest first, keyset by (created_at, id); also of one state.
            models.Index(fields=["-created_at", "-id"], name="delivery_newest"),
            models.Index(fields=["state", "-created_at", "-id"], name="delivery_state_newest"),
            # An announcement's figures: how many by language and state.
            models.Index(fields=["announcement", "language", "state"], name="delivery_announced", condition=Q(announcement__isnull=False)),
            # Retention: bodies older than 90 days.
            models.Index(fields=["settled_at"], name="delivery_bodies", condition=~Q(body="")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["due", "sent", "dead", "dropped", "expired"]), name="delivery_state_known"),
            # "sent, dead with an alarm, or due" (trust.md "Promises").
            models.CheckConstraint(condition=~Q(state="dead") | Q(dead_at__isnull=False, alarm__isnull=False), name="delivery_dead_alarms"),
            models.CheckConstraint(condition=~Q(state="sent") | Q(sent_at__isnull=False), name="delivery_sent_when"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel} ({self.key})"

    def get_absolute_url(self) -> str:
        """The delivery's page."""
        return f"/messages/{self.pk}/"


class DeliveryAttempt(models.Model):
    """One try: written before the channel is asked, so that a crash in between leaves its trace."""

    class Outcome(models.TextChoices):
        STARTED = "started", pgettext_lazy("attempt", "under way")
        SENT = "sent", pgettext_lazy("attempt", "accepted")
        FAILED = "failed", pgettext_lazy("attempt", "refused for now")
        REFUSED = "refused", pgettext_lazy("attempt", "refused for good")
        CHANNEL = "channel", pgettext_lazy("attempt", "channel down")
        UNKNOWN = "unknown", pgettext_lazy("attempt", "may have been sent")

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.STARTED)
    answer = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.at:%H:%M:%S}"


class ChannelState(models.Model):
    """Whether a channel may be used now; no row means yes."""

    channel = models.CharField(max_length=20, primary_key=True)
    off_at = models.DateTimeField(null=True)
    off_reason = models.TextField(blank=True)
    configuration = models.CharField(max_length=64, blank=True)  # digest of what it was configured with when it was turned off
    not_before = models.DateTimeField(null=True)  # Retry-After, or the pause after failures
    failures = models.PositiveIntegerField(default=0)  # of the channel itself, in a row
    last_error = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.channel}{' (off)' if self.off_at else ''}"


class Alarm(models.Model):
    """Something of ours that a person must look at: a channel that is off, messages that failed. One open row per subject."""

    class Code(models.TextChoices):
        CHANNEL_OFF = "channel_off", _("Channel off")
        CHANNEL_FAILING = "channel_failing", _("Channel failing")
        DEAD = "dead", _("Messages failed")
        NOBODY = "nobody", _("Nobody to tell")
        HELD = "held", _("Messages held")

    code = models.CharField(max_length=20, choices=Code.choices)
    subject = models.CharField(max_length=80)  # a channel, or a team
    words = models.TextField(blank=True)  # the newest reason
    count = models.PositiveIntegerField(default=1)
    raised_at = models.DateTimeField()
    last_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-raised_at"]
        constraints = [models.UniqueConstraint(fields=["code", "subject"], condition=Q(cleared_at=None), name="alarm_open_once")]

    def __str__(self) -> str:
        return f"{self.code}: {self.subject}"
