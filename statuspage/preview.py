"""The public page as it would be: the draft is published for the length of one reading and taken back."""

from django.db import transaction

from incidents import lifecycle
from incidents.models import Incident
from lib import clock
from statuspage import drafts, publishing, rendering, snapshot
from statuspage.models import Draft, Post
from statuspage.telling import checked


def file(incident: Incident, draft: Draft | None, path: str) -> bytes | None:
    """The file of the public page at `path` with the draft on it, or None. Nothing of it stays.

    Style, script and marks hold no draft and need none; what a page shows is read under the incident's lock and made after it.
    Raises Refused for a draft that cannot be published.
    """
    now = clock.now()
    if path.startswith("assets/"):
        return rendering.assets(snapshot.page(now)).get(path)
    if draft is None:
        return None
    with transaction.atomic():
        held = lifecycle.hold(incident.pk)
        post = Post.objects.filter(incident=held).first()
        told, _hits = checked(drafts.told(draft), all_the_same=True)
        publishing.put(held, post, told, actor=None)
        taken = snapshot.take(now)
        transaction.set_rollback(True)
    return rendering.only(taken, path, made_at=now)
