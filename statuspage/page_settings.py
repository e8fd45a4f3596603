"""How the public page looks: read, and saved with an entry in the audit trail."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from comms import publication
from comms.playbook import PRODUCT
from incidents import picture_metadata, pictures, playbook
from lib import clock
from lib.db import retried
from lib.errors import Forbidden, Refused
from lib.text import clean
from statuspage import changes
from statuspage.models import PublicPage

LARGEST_LOGO = 256 * 1024  # bytes; every reader fetches it


def current() -> PublicPage:
    """The row, or what stands for it before somebody first saves it."""
    return PublicPage.objects.filter(pk=1).first() or PublicPage(updated_at=clock.now())


def shown(row: PublicPage) -> dict[str, Any]:
    """What the form begins with; where users find help is the playbook's (`product`), for the mail says it too."""
    product = publication.product()
    return {"name": row.name, "accent": row.accent, "support_mail": product.support_mail, "support_url": product.support_url}


@retried
def save(said: dict[str, Any], *, actor: Any, request: Any = None) -> PublicPage:
    """Keep name, accent, support addresses and `logo` (an uploaded file, or None). Raises Refused (422), Forbidden without *configure*."""
    if actor is not None and not actor.can(Ability.CONFIGURE):
        raise Forbidden(_("You need the right “configure” for this."))
    logo = said.get("logo")
    kind, content = _logo(logo) if logo else ("", b"")
    with transaction.atomic():
        row, now = current(), clock.now()
        before = _facts(row)
        row.name, row.accent, row.updated_at = clean(said.get("name"), 80), said.get("accent") or "", now
        if content or said.get("without_logo"):
            row.logo, row.logo_type = content or None, kind
        row.save()
        items = playbook.current().items(PRODUCT).get("product") or playbook.SECTIONS[PRODUCT].shipped()["product"]
        playbook.edit(PRODUCT, "product", {**items, **{name: said.get(name) or "" for name in ("support_mail", "support_url")}}, actor=actor)
        changes.touch()
        if before != _facts(row):
            audit.record("statuspage.page", actor=actor, target="public page", before=before, after=_facts(row), request=request)
    return row


def _facts(row: PublicPage) -> dict[str, Any]:
    return {"name": row.name, "accent": row.accent, "logo": f"{row.logo_type}, {len(row.logo)} bytes" if row.logo else ""}


def _logo(file: Any) -> tuple[str, bytes]:
    """Type and bytes of an uploaded picture, without what its camera or program wrote into it."""
    file.seek(0)
    content = file.read(LARGEST_LOGO + 1)
    if len(content) > LARGEST_LOGO:
        raise Refused(_("A logo may have 256 KB. Save it smaller, then send it again."), status=422)
    kind = pictures.kind_of(content)
    try:
        return kind, picture_metadata.stripped(kind, content)
    except picture_metadata.Broken:
        raise Refused(_("This picture is damaged or cut off. Save it anew, then send it again."), status=422) from None
