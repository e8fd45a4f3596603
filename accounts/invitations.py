"""One-time links by which a person comes in: for the first time, or after forgetting the password."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, mail, people
from accounts.addresses import client_address
from accounts.models import Invitation, ResetAsked, User
from lib import clock, db
from lib.errors import Refused
from lib.nudge import nudge

Purpose = Invitation.Purpose
LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=1)


@db.retried
def invite(username: str, *, actor: User | None, request: Any = None, **fields: Any) -> tuple[Invitation, str, bool]:
    """Make a person without a password and the link by which they come in.

    Returns the invitation, the link (shown this once) and whether mail took it. Raises Refused like people.create.
    """
    with transaction.atomic():
        person = people.create(username, actor=actor, request=request, **fields)
        return invite_again(person, actor=actor, request=request)


@db.retried
def invite_again(person: User, *, actor: User | None, request: Any = None) -> tuple[Invitation, str, bool]:
    """A fresh link for `person`; earlier ones end. Raises Refused (409) for a deactivated person."""
    with transaction.atomic():
        person = db.lock(User.objects.filter(pk=person.pk)).get()
        if not person.is_active:
            raise Refused(_("%(person)s is deactivated. Activate the account first.") % {"person": person})
        invitation, link = _make(person, Purpose.INVITATION, LIFE, actor)
        params = {"url": link, "days": LIFE.days, "inviter": str(actor) if actor else ""}
        sent = bool(person.email) and mail.send("invitation", person, params, key=f"invitation:{invitation.pk}")
        audit.record(
            "accounts.invited", actor=actor, target=person.username, after={"email": person.email, "expires_at": invitation.expires_at}, request=request
        )
    return invitation, link, sent


@db.retried
def ask_reset(login: str, *, request: Any = None) -> None:
    """Note that somebody asked for a new password: one row, whoever asks for whomever. `answer_reset` sees to it after the answer."""
    with transaction.atomic():
        ResetAsked.objects.create(login=login.strip(), address=client_address(request) if request is not None else "", asked_at=clock.now())
        nudge("accounts.answer_resets")


@db.retried
def answer_reset(asked: ResetAsked) -> None:
    """Send the person behind the name a link for a new password; where there is none, or the hour is over, nothing happens."""
    with transaction.atomic():
        if not ResetAsked.objects.filter(pk=asked.pk, lease_token=asked.lease_token).delete()[0]:
            return  # another worker has it by now
        login = Q(username__iexact=asked.login) | Q(email__iexact=asked.login)
        person = User.objects.active().filter(login).exclude(email="").first()
        if person is None or asked.asked_at + RESET_LIFE <= clock.now():
            return
        invitation, link = _make(person, Purpose.RESET, RESET_LIFE, None)
        mail.send("password_reset", person, {"url": link, "minutes": RESET_LIFE.seconds // 60}, key=f"password_reset:{invitation.pk}")
        audit.record("accounts.password_reset_asked", actor=None, target=person.username, address=asked.address)


def find(secret: str, purpose: str) -> Invitation | None:
    """The open link of that purpose that `secret` belongs to; None for an unknown, used, withdrawn or expired one."""
    if not secret.isascii() or len(secret) > 100:
        return None
    rows = Invitation.objects.select_related("person", "invited_by").filter(digest=_digest(secret, purpose), purpose=purpose)
    return rows.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now(), person__is_active=True).first()


@db.retried
def accept(secret: str, purpose: str, *, password: str, request: Any = None, **fields: Any) -> User:
    """Use the link, once: sets the password and `fields` (name, language, time_zone). Raises Refused (410) when it is open no more."""
    with transaction.atomic():
        invitation = find(secret, purpose)
        if invitation is None or not Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=clock.now()):
            raise Refused(_("This link was used or has ended. Ask for a new one."), status=410)
        person = people.change(invitation.person, actor=invitation.person, request=request, **fields)
        people.set_password(person, password, actor=person, request=request)
        audit.record(f"accounts.{purpose}_accepted", actor=person, target=person.username, request=request)
    return person


def open_ones(users: list[User]) -> dict[int, Invitation]:
    """The open invitation of each of `users` who has one, by their id."""
    rows = Invitation.objects.filter(person__in=users, purpose=Purpose.INVITATION, accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now())
    return {row.person_id: row for row in rows}


def _make(person: User, purpose: str, life: timedelta, actor: User | None) -> tuple[Invitation, str]:
    secret = secrets.token_urlsafe(32)
    now = clock.now()
    Invitation.objects.filter(person=person, purpose=purpose, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)
    digest = _digest(secret, purpose)
    row = Invitation.objects.create(person=person, purpose=purpose, digest=digest, invited_by=actor, created_at=now, expires_at=now + life)
    route = "accounts:invite" if purpose == Purpose.INVITATION else "accounts:reset"
    return row, settings.SITE_URL + reverse(route, args=[secret])


def _digest(secret: str, purpose: str) -> str:
    """A token made for anything else never opens this door."""
    return hashlib.sha256(f"accounts.{purpose}\0{secret}".encode()).hexdigest()
