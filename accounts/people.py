"""What happens to people: made, given roles, changed, deactivated; the last administrator stays."""

import secrets
from typing import Any
from zoneinfo import available_timezones

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit, mail, sessions, tokens
from accounts.abilities import ROLES, Ability
from accounts.models import Invitation, User
from lib import clock, db, text
from lib.errors import Refused

LANGUAGES = dict(settings.LANGUAGES)
THEMES = ("", "light", "dark")
# What may be changed from outside, and what the audit trail shows of a person.
FIELDS = ("username", "name", "email", "roles", "extra_abilities", "language", "time_zone", "theme", "single_keys", "is_active")


def state(user: User) -> dict[str, Any]:
    """A person as plain data."""
    return {field: getattr(user, field) for field in FIELDS}


def checked(fields: dict[str, Any]) -> dict[str, Any]:
    """`fields` cleaned; raises Refused (422) with the first mistake."""
    clean = dict(fields)
    for field, limit in (("username", 80), ("name", 120), ("email", 254)):
        if field in clean:
            clean[field] = text.clean(clean[field], limit)
    if "email" in clean:
        clean["email"] = clean["email"].lower()
    for field, known in (("roles", set(ROLES)), ("extra_abilities", {ability.value for ability in Ability})):
        if field in clean:
            words = sorted(set(clean[field]))
            if unknown := [word for word in words if word not in known]:
                raise Refused(_("“%(word)s” is not one of: %(known)s.") % {"word": str(unknown[0])[:40], "known": ", ".join(sorted(known))}, status=422)
            clean[field] = words
    for field, known in (("language", set(LANGUAGES)), ("time_zone", available_timezones()), ("theme", set(THEMES))):
        if field in clean and clean[field] not in known:
            raise Refused(_("“%(word)s” cannot be chosen.") % {"word": str(clean[field])[:40]}, status=422)
    return clean


@db.retried
def create(username: str, *, actor: User | None, password: str | None = None, request: Any = None, **fields: Any) -> User:
    """Make a person. Raises Refused: 422 for wrong fields, 409 when user name or e-mail are taken."""
    fields = checked({"roles": ["viewer"], "time_zone": settings.DEFAULT_TIME_ZONE, "language": settings.LANGUAGE_CODE, **fields, "username": username})
    user = User(**fields)
    user.set_password(password)  # slow on purpose, so before the transaction
    with transaction.atomic():
        _save(user, force_insert=True)
        audit.record("accounts.person_created", actor=actor, target=user.username, after=state(user), request=request)
    return user


@db.retried
def change(user: User, *, actor: User | None, request: Any = None, **fields: Any) -> User:
    """Change a person; returns the row as it is now. Rights withdrawn hold at once; deactivation ends sessions and tokens.

    Raises Refused: 422 for wrong fields, 409 for a name that is taken or when no administrator would be left.
    """
    fields = checked(fields)
    with transaction.atomic():
        if "roles" in fields or "is_active" in fields:
            _hold_administrators(user)
        row: User = db.lock(User.objects.filter(pk=user.pk)).get()
        before = state(row)
        for field, value in fields.items():
            setattr(row, field, value)
        after = state(row)
        if before == after:
            return row
        if _is_administrator(before) and not _is_administrator(after) and not _others_administer(row):
            raise Refused(_("This is the last administrator. Make somebody else one first."))
        _save(row, update_fields=list(fields))
        changed = [field for field in FIELDS if before[field] != after[field]]
        if "email" in changed and before["email"]:
            mail.tell_changed(row, "email", before["email"])
        ended = _end_everything(row) if before["is_active"] and not row.is_active else {}
        audit.record(
            "accounts.person_deactivated" if ended else "accounts.person_changed",
            actor=actor,
            target=row.username,
            before={field: before[field] for field in changed},
            after={**{field: after[field] for field in changed}, **ended},
            request=request,
        )
    return row


def deactivate(user: User, *, actor: User | None, request: Any = None) -> User:
    """Nobody signs in as them any more; sessions, tokens and invitations end now. What they did stays."""
    return change(user, actor=actor, request=request, is_active=False)


@db.retried
def set_password(user: User, password: str, *, actor: User | None, keep_session: str = "", request: Any = None) -> None:
    """A new password: every other session, every token and every open invitation of the person ends."""
    user.set_password(password)  # slow on purpose, so before the transaction
    with transaction.atomic():
        row = db.lock(User.objects.filter(pk=user.pk)).get()
        user.save(update_fields=["password"])
        if row.has_usable_password():  # the first one is no change
            mail.tell_changed(user, "password")
        _withdraw_links(row)
        ended = {
            "sessions": sessions.end_rows(row, UserSession.objects.filter(user=row).exclude(session_key=keep_session)),
            "tokens": tokens.end_all(row),
        }
        audit.record(
            "accounts.password_changed", actor=actor, target=row.username, after={f"{name}_ended": number for name, number in ended.items()}, request=request
        )


def has_second_factor(user: User) -> bool:
    """Whether signing in as `user` takes a code too."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


@db.retried
def remove_second_factor(user: User, *, actor: User | None, request: Any = None) -> None:
    """For somebody who lost phone and recovery codes: the password alone signs in, and every session starts anew."""
    with transaction.atomic():
        if Authenticator.objects.filter(user=user).delete()[0]:
            mail.tell_changed(user, "second_factor")
            ended = sessions.end_rows(user, UserSession.objects.filter(user=user))
            audit.record("accounts.second_factor_removed", actor=actor, target=user.username, after={"sessions_ended": ended}, request=request)


def ensure_first_admin(password: str | None = None) -> str | None:
    """Make the administrator `admin` where there are no people yet. Returns the password when it was made up here, to be printed once; else None.

    The password is `password`, else ADMIN_PASSWORD. Raises Refused (422) when that is too weak.
    """
    given = password or settings.ADMIN_PASSWORD
    if User.objects.exists():
        return None
    chosen = given or secrets.token_urlsafe(12)
    if given:
        try:
            validate_password(given, User(username="admin"))
        except ValidationError as error:
            raise Refused(_("ADMIN_PASSWORD is too weak: %(why)s") % {"why": " ".join(error.messages)}, status=422) from error
    try:
        create("admin", actor=None, password=chosen, name=_("Administrator"), roles=["admin", "commander"])
    except Refused:
        return None  # another process was faster
    return None if given else chosen


def _is_administrator(person: dict[str, Any]) -> bool:
    return bool(person["is_active"]) and "admin" in person["roles"]


def _hold_administrators(user: User) -> None:
    """Lock all administrators and `user` in one order: two who remove each other must not both succeed."""
    keys = {user.pk, *User.objects.active().with_role("admin").values_list("pk", flat=True)}
    list(db.lock(User.objects.filter(pk__in=keys).order_by("pk")).values_list("pk", flat=True))


def _others_administer(user: User) -> bool:
    """Whether another active administrator is there who can sign in."""
    return any(row.has_usable_password() for row in User.objects.active().with_role("admin").exclude(pk=user.pk))


def _end_everything(user: User) -> dict[str, int]:
    """End what a deactivated person could still use."""
    _withdraw_links(user)
    return {"sessions_ended": sessions.end_rows(user, UserSession.objects.filter(user=user)), "tokens_ended": tokens.end_all(user)}


def _withdraw_links(user: User) -> None:
    """No invitation and no link for a new password opens a door any more."""
    Invitation.objects.filter(person=user, accepted_at=None, withdrawn_at=None).update(withdrawn_at=clock.now())


def _save(user: User, **how: Any) -> None:
    try:
        user.clean_fields(exclude=["password", "roles", "extra_abilities", "last_login"])
        with transaction.atomic():
            user.save(**how)
    except ValidationError as error:
        raise Refused(" ".join(error.messages), status=422) from error
    except IntegrityError as error:
        raise Refused(_("Somebody has this user name or e-mail already.")) from error
