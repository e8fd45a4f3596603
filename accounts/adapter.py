"""How allauth behaves here: nobody signs up, guesses are throttled, secrets are encrypted, nothing sends mail by itself."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from accounts import codes, people, recent, throttle
from accounts.addresses import client_address
from lib import vault

TOO_MANY = _("Too many attempts from here. Wait five minutes, or use a device you have signed in with before.")


class AccountAdapter(DefaultAccountAdapter):
    """Accounts."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("User name or password are not right."),
        "email_password_mismatch": _("User name or password are not right."),
        "too_many_login_attempts": TOO_MANY,
        "incorrect_password": _("This is not your password."),
    }

    def is_open_for_signup(self, request: Any) -> bool:
        """People are invited."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Takes the slots of one guess; raises ValidationError when there are none left."""
        account, person = throttle.account_key(credentials.get("username") or credentials.get("email") or "")
        try:
            self._slots = throttle.take(request, account, person)
        except throttle.Throttled as error:
            raise ValidationError(TOO_MANY, code="throttled") from error

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """The person, whose slots are given back; None for a wrong guess, as slow for a name that nobody has."""
        user = super().authenticate(request, **credentials)
        if user is not None:
            throttle.release(self._slots)
        return user

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Whether the person must prove themselves again; signing in just now counts."""
        return not recent.proved(context.request)

    def set_password(self, user: Any, password: str) -> None:
        """Ends other sessions and tokens too."""
        people.set_password(user, password, actor=user, keep_session=context.request.session.session_key or "", request=context.request)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address past our own proxies."""
        return client_address(request) or "0.0.0.0"  # noqa: S104 - a value to store, nothing listens on it

    def is_safe_url(self, url: str) -> bool:
        """Same origin only."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts={context.request.get_host()}, require_https=context.request.is_secure())

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing: what a person must hear of their account goes through the outbox (`mail.tell_changed`)."""

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Says nothing about signing in and out, which one sees."""
        template = kwargs.get("message_template") or (args[2] if len(args) > 2 else "")
        if template and not str(template).endswith(("logged_in.txt", "logged_out.txt")):
            super().add_message(*args, **kwargs)


class MFAAdapter(DefaultMFAAdapter):
    """Second factors."""

    def encrypt(self, text: str) -> str:
        """Secrets rest encrypted, under a key outside the database."""
        return vault.encrypt(text, codes.VAULT_CONTEXT)

    def decrypt(self, encrypted_text: str) -> str:
        """Back."""
        return vault.decrypt(encrypted_text, codes.VAULT_CONTEXT)
