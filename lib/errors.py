"""Refusals of the domain: what a person asked for cannot be, and why."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refused(Exception):
    """A request that the rules refuse: `status` for HTTP, `detail` in the reader's language, `extra` for machines."""

    status = 409
    default: str | Promise = _("That is not possible.")

    def __init__(self, detail: str | Promise = "", status: int | None = None, **extra: Any):
        self.detail = detail or self.default
        super().__init__(self.detail)
        self.extra = extra
        if status is not None:
            self.status = status

    def __str__(self) -> str:
        return str(self.detail)


class Forbidden(Refused):
    """The person lacks the right."""

    status = 403
    default = _("You may not do this.")


class NotFound(Refused):
    """There is nothing there, or nothing that this person may see; the two look the same."""

    status = 404
    default = _("There is nothing here.")
