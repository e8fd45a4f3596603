"""Pictures in the story: what is taken and what is left out of it, how an entry names one, and how a browser or script fetches it."""

import hashlib
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from incidents import picture_metadata
from incidents.models import Incident, Picture
from lib import clock
from lib.errors import NotFound, Refused

LARGEST = 2 * 1024 * 1024  # bytes of one picture
MOST_AT_ONCE = 4  # in one note
MOST = 100  # in one incident
OPEN_FOR = timedelta(minutes=2)  # how long a fetched address works
BEGINNINGS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
)
NAMED = re.compile(r"/pictures/([0-9a-f]{64})/")
SIGNER = signing.Signer(salt="incidents.picture")


def kind_of(content: bytes) -> str:
    """The media type that the content itself tells. Raises Refused (422) for what is no PNG, JPEG, GIF or WebP, or too large."""
    if len(content) > LARGEST:
        raise Refused(_("A picture may have 2 MB. Cut it to what matters, and paste it again."), status=422)
    for beginning, kind in BEGINNINGS:
        if beginning.match(content):
            return kind
    raise Refused(_("That is no picture we can show: PNG, JPEG, GIF or WebP."), status=422)


def keep(incident: Incident, contents: Sequence[bytes], *, actor: Any) -> str:
    """Store pictures and return the Markdown that shows them; in the transaction of the note that names them. Raises Refused (422)."""
    if len(contents) > MOST_AT_ONCE:
        raise Refused(_("At most %(n)d pictures in one note.") % {"n": MOST_AT_ONCE}, status=422)
    if contents and incident.pictures.count() + len(contents) > MOST:
        raise Refused(_("This incident has %(n)d pictures already; link to further ones instead.") % {"n": MOST}, status=422)
    return "\n\n".join(_kept(incident, content, actor) for content in contents)


def _kept(incident: Incident, content: bytes, actor: Any) -> str:
    kind = kind_of(content)
    try:
        content = picture_metadata.stripped(kind, content)
    except picture_metadata.Broken:
        raise Refused(_("This picture is damaged or cut off. Save it anew, then send it again."), status=422) from None
    digest = hashlib.sha256(content).hexdigest()
    told = {"kind": kind, "content": content, "added_by": actor, "added_at": clock.now()}
    Picture.objects.get_or_create(incident=incident, digest=digest, defaults=told)
    address = reverse("incidents:picture", args=[incident.reference, digest])
    return f"[![]({address})]({address})"


def named(text: str) -> list[str]:
    """The digests of the pictures that a text shows, each once."""
    return list(dict.fromkeys(NAMED.findall(text)))


def drop(incident: Incident, text: str) -> None:
    """Delete the pictures that a text names: it is being redacted."""
    incident.pictures.filter(digest__in=named(text)).delete()


def open_address(picture: Picture) -> str:
    """Where the bytes are for the next two minutes: an address that carries its own right, so that it needs no cookie."""
    until = (clock.now() + OPEN_FOR).timestamp()
    return reverse("incidents:picture-content", args=[SIGNER.sign_object([picture.pk, until], compress=False)])


def opened(key: str) -> Picture:
    """The picture behind an open address. Raises NotFound when the key is not ours or over its time."""
    try:
        pk, until = SIGNER.unsign_object(key)
    except (signing.BadSignature, ValueError):
        pk, until = 0, 0
    picture = Picture.objects.filter(pk=pk).first() if until >= clock.now().timestamp() else None
    if picture is None:
        raise NotFound(_("There is no such picture."))
    return picture


def sent(picture: Picture) -> HttpResponse:
    """The bytes, as something to store and never as a page: no cookie is read or set, nothing in it may act."""
    headers = {
        "Content-Disposition": f'attachment; filename="{picture.digest[:12]}.{picture.kind.partition("/")[2]}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": f"private, max-age={int(OPEN_FOR.total_seconds())}",  # no longer than the address opens
    }
    return HttpResponse(bytes(picture.content), content_type=picture.kind, headers=headers)
