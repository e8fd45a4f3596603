"""People and what they may do."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast, Lower
from django.utils.translation import gettext_lazy as _

from accounts.abilities import ROLES, Ability


class UserQuerySet(models.QuerySet["User"]):
    """Questions about people."""

    def active(self) -> "UserQuerySet":
        """Those who have not been deactivated."""
        return self.filter(is_active=True)

    def with_role(self, role: str) -> "UserQuerySet":
        """Those who carry `role`."""
        return self.alias(role_text=Cast("roles", models.TextField())).filter(role_text__contains=f'"{role}"')

    def with_ability(self, ability: Ability) -> "UserQuerySet":
        """Those who hold `ability` by a role or beside their roles. Combine with `active()`: deactivated people hold nothing."""
        # Roles are short lists of fixed words; as text the question reads the same on SQLite and PostgreSQL.
        held = Q(extra_text__contains=f'"{ability.value}"')
        for role, abilities in ROLES.items():
            if ability in abilities:
                held |= Q(role_text__contains=f'"{role}"')
        return self.alias(role_text=Cast("roles", models.TextField()), extra_text=Cast("extra_abilities", models.TextField())).filter(held)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes people."""

    def create_user(self, username: str, *, password: str | None = None, roles: list[str] | None = None, **fields: Any) -> "User":
        """A person; without a password nobody can sign in as them."""
        user: User = self.model(username=self.model.normalize_username(username), roles=["viewer"] if roles is None else roles, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person (or a machine account) of the portal."""

    username = models.CharField(
        _("user name"),
        max_length=80,
        unique=True,
        validators=[RegexValidator(r"^[\w.+-]+\Z", _("A user name takes letters, digits and . + - _ only."))],
    )
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
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        ordering = ["username"]
        constraints = [
            # Sign-in asks for either without regard to case, so both must name one person.
            models.UniqueConstraint(Lower("username"), name="accounts_user_username_once"),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="accounts_user_email_once"),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def abilities(self) -> frozenset[Ability]:
        """Everything this person may do."""
        if not self.is_active:
            return frozenset()
        extra = {Ability(word) for word in self.extra_abilities if word in list(Ability)}
        return frozenset().union(*(ROLES.get(role, frozenset()) for role in self.roles), extra)

    def can(self, ability: Ability) -> bool:
        """Whether this person holds `ability`."""
        return ability in self.abilities


def display_name(user: User) -> str:
    """How allauth's pages call a person."""
    return str(user)
