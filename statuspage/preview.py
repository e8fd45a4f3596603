"""The public page as it would be: the draft is published for the length of one reading and taken back."""

from django.db import transaction

from incidents import lifecycle
from incidents.models import Incident
from lib import clock
from statuspage import drafts, publishing, rendering, snapshot
from statuspage.models import Draft, Post
from statuspage.telling import checked


def edition(incident: Incident, draft: Draft) -> dict[str, bytes]:
    """Every file of the public page with the draft on it. Nothing of it stays. Raises Refused for a draft that cannot be published."""
    now = clock.now()
    with transaction.atomic():
        held = lifecycle.hold(incident.pk)
        post = Post.objects.filter(incident=held).first()
        told, _hits = checked(drafts.told(draft), all_the_same=True)
        publishing.put(held, post, told, actor=None)
        taken = snapshot.take(now)
        transaction.set_rollback(True)
    return rendering.render(taken, made_at=now)
