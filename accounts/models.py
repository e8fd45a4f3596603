"""People and what proves who they are."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.abilities import ROLES, Ability


class UserManager(BaseUserManager["User"]):
    """Makes people."""

    def create_user(self, username: str, *, password: str | None = None, roles: list[str] | None = None, **fields: Any) -> "User":
        """A person; without a password nobody can sign in as them."""
        user = self.model(username=self.model.normalize_username(username), roles=["viewer"] if roles is None else roles, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person (or a machine account) of the portal."""

    username = models.CharField(_("user name"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    roles = models.JSONField(default=list)  # names of accounts.abilities.ROLES
    extra_abilities = models.JSONField(default=list)  # single rights beside the roles; *see private* is given only here
    language = models.CharField(_("language"), max_length=10, default="en")
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    theme = models.CharField(max_length=5, blank=True)  # "", "light", "dark"
    single_keys = models.BooleanField(_("single-letter keys"), default=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    objects = UserManager()

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def abilities(self) -> frozenset[Ability]:
        """Everything this person may do."""
        if not self.is_active:
            return frozenset()
        return frozenset().union(*(ROLES.get(role, frozenset()) for role in self.roles), {Ability(extra) for extra in self.extra_abilities if extra in list(Ability)})

    def can(self, ability: Ability) -> bool:
        """Whether this person holds `ability`."""
        return ability in self.abilities


def display_name(user: User) -> str:
    """How allauth's pages call a person."""
    return str(user)
