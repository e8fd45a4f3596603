"""This room's section of /me/."""

from typing import Any

from accounts import me
from comms.models import ContactMethod


def contacts(request: Any) -> dict[str, Any]:
    """How one is reached, in short."""
    rows = list(ContactMethod.objects.filter(person=request.user))
    return {"contact_methods": rows, "usable": [row for row in rows if row.is_usable], "account_email": request.user.email}


def connect() -> None:
    """Called once by AppConfig.ready()."""
    me.register("comms/_me_contacts.html", contacts, position=30)
