"""Keys of sources: 32 hex characters, shown once, stored as SHA-256, rotated with 24 hours of overlap."""

import hashlib
import re
import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from detection.models import Source
from detection.sources import KINDS
from incidents.models import Service
from lib import clock
from lib.db import lock, retried
from lib.errors import Forbidden, Refused
from lib.text import clean

OVERLAP = timedelta(hours=24)
OPENED = "SELECT * FROM detection_source WHERE (key_digest = %s OR (previous_key_digest = %s AND previous_key_until > %s)) AND kind = %s"  # every request
SHAPE = re.compile(r"[0-9a-f]{32}", re.ASCII)


def digest(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def find(key: str, kind: str) -> Source | None:
    """The source whose key this is. The lookup is by hash, so its time tells nothing about how near a wrong key was."""
    if not SHAPE.fullmatch(key):
        return None
    hashed = digest(key)
    return next(iter(Source.objects.raw(OPENED, [hashed, hashed, clock.now(), kind])), None)  # at most one has this key


@retried
def create(kind: str, name: str, *, actor: Any, service: Service | None = None, key: str = "", request: Any = None) -> tuple[Source, str]:
    """A new source and its key, which is told here and never again. `actor` None is the command line.

    Raises Refused (422) for an unknown kind, an empty or taken name, a key that is not 32 hex characters; Forbidden.
    """
    _may(actor)
    name, key = clean(name, 60), key or secrets.token_hex(16)
    if kind not in KINDS:
        raise Refused(
            _("There is no kind of source called “%(kind)s”; there is: %(kinds)s.") % {"kind": clean(kind, 40), "kinds": ", ".join(KINDS)}, status=422
        )
    if not name:
        raise Refused(_("A source needs a name."), status=422)
    if not SHAPE.fullmatch(key):
        raise Refused(_("A key is 32 hex characters."), status=422)
    with transaction.atomic():
        if Source.objects.filter(name__iexact=name).exists():
            raise Refused(_("There is already a source called “%(name)s”.") % {"name": name}, status=422)
        if Source.objects.filter(Q(key_digest=digest(key)) | Q(previous_key_digest=digest(key))).exists():
            raise Refused(_("This key is taken; make another."), status=422)
        now = clock.now()
        source = Source.objects.create(
            kind=kind, name=name, slug=_free_slug(name), key_digest=digest(key), key_made_at=now, default_service=service, created_by=actor, created_at=now
        )
        after = {"kind": kind, "name": name, "service": service.slug if service else None}
        audit.record("source.create", actor=actor, target=f"source {source.slug}", after=after, request=request)
    return source, key


@retried
def rotate(source: Source, *, actor: Any, at_once: bool = False, request: Any = None) -> str:
    """A new key; the old one opens for 24 h more, or is shut `at_once`. Returns the new key, told here and never again."""
    _may(actor)
    key = secrets.token_hex(16)
    with transaction.atomic():
        held = lock(Source.objects.filter(pk=source.pk)).get()
        if held.kind not in KINDS:
            raise Refused(_("The portal's own source has no key."))
        now = clock.now()
        held.previous_key_digest, held.previous_key_until = (None, None) if at_once else (held.key_digest, now + OVERLAP)
        held.key_digest, held.key_made_at = digest(key), now
        held.save(update_fields=["key_digest", "key_made_at", "previous_key_digest", "previous_key_until"])
        audit.record("source.rotate", actor=actor, target=f"source {held.slug}", after={"old_key_ends": "now" if at_once else "in 24 h"}, request=request)
    return key


@retried
def change(source: Source, *, actor: Any, name: str, service: Service | None, request: Any = None) -> Source:
    """Another name or default service. Raises Refused (422) for an empty or taken name, Forbidden."""
    _may(actor)
    name = clean(name, 60)
    if not name:
        raise Refused(_("A source needs a name."), status=422)
    with transaction.atomic():
        held = lock(Source.objects.filter(pk=source.pk)).select_related("default_service").get()
        if Source.objects.filter(name__iexact=name).exclude(pk=held.pk).exists():
            raise Refused(_("There is already a source called “%(name)s”.") % {"name": name}, status=422)
        before = {"name": held.name, "service": held.default_service.slug if held.default_service else None}
        after = {"name": name, "service": service.slug if service else None}
        if before != after:
            held.name, held.default_service = name, service
            held.save(update_fields=["name", "default_service"])
            audit.record("source.change", actor=actor, target=f"source {held.slug}", before=before, after=after, request=request)
    return held


def _may(actor: Any) -> None:
    if actor is not None and not actor.can(Ability.CONFIGURE):
        raise Forbidden(_("You need the right “configure” for this."))


def _free_slug(name: str) -> str:
    stem = slugify(name)[:50] or "source"
    taken = set(Source.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))] if slug not in taken)
