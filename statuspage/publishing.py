"""Publishing: the one writer of posts and their updates. Nothing reaches the public but through here."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.abilities import Ability
from comms import word_list
from comms.public_words import Words
from incidents import lifecycle, rights, timeline
from incidents.models import Incident, Severity, State
from lib import clock
from lib.db import lock, retried
from lib.errors import Refused
from lib.i18n import LANGUAGES
from statuspage import changes, reports, rules, standard, states
from statuspage.models import Draft, Kind, Post, PostUpdate, Status
from statuspage.telling import Telling, checked


@retried
def publish(
    incident: Incident,
    told: Telling,
    *,
    actor: Any,
    seen: int | None = None,
    all_the_same: bool = False,
    shows_reference: bool | None = None,
    source: str = "",
) -> PostUpdate:
    """Tell the public. `seen` is the number of the newest update that whoever publishes has read (0: none).

    Raises Refused (409) where nothing may be public now or somebody published meanwhile, (422) for what does not fit, WordsFound
    (409) for words of the word list unless `all_the_same`, Forbidden without *publish*, NotFound.
    """
    with transaction.atomic():
        incident = lifecycle.hold(incident.pk)
        rights.require(actor, Ability.PUBLISH, incident)
        post = lock(Post.objects.filter(incident=incident)).first()
        _require_fitting(incident, post, told.kind, seen)
        told, hits = checked(told, all_the_same=all_the_same)
        update = put(incident, post, told, actor=actor, hits=hits, shows_reference=shows_reference, source=source)
        Draft.objects.filter(incident=incident).delete()
    return update


def _require_fitting(incident: Incident, post: Post | None, kind: str, seen: int | None) -> None:
    if reason := rules.barred(incident):
        raise Refused(reason)
    allowed = rules.kinds(incident, post)
    if not allowed:
        raise Refused(_("Nothing of %(reference)s may be public before it is confirmed.") % {"reference": incident.reference}, allowed=[])
    if kind in Kind.values and kind not in allowed:
        said = _("“%(kind)s” does not fit %(reference)s, which is %(state)s.")
        values = {"kind": Kind(kind).label, "reference": incident.reference, "state": incident.get_state_display()}
        raise Refused(said % values, allowed=[str(one) for one in allowed])
    last = post.last_number if post else 0
    if seen is not None and seen != last:
        raise Refused(_("Somebody published meanwhile. Read what the public reads now, then publish again."), published=last, seen=seen)


def put(
    incident: Incident,
    post: Post | None,
    told: Telling,
    *,
    actor: Any,
    hits: list[word_list.Hit] | None = None,
    shows_reference: bool | None = None,
    source: str = "",
) -> PostUpdate:
    """Write an update that was checked; runs in the caller's transaction, which holds the incident and the post."""
    now = clock.now()
    words = told.words(now)
    services = {**standard.restored(post), **told.services}
    post = post or Post(incident=incident, created_at=now, postmortem=reports.earlier(incident))
    post.title = {**(post.title or standard.title(services)), **told.title}
    if incident.is_private and not (told.title or post.pk):
        raise Refused(_("A private incident needs a public title of your own."), status=422, missing="title")
    if shows_reference is not None:
        post.shows_reference = shows_reference and not incident.is_private
    post.impact = standard.IMPACTS[Severity(incident.highest_severity)]
    post.components = services
    _move(post, told.kind, ends=incident.state == State.MERGED, now=now)
    status = post.status
    reports.show(post, now=now)
    post.last_number += 1
    post.updated_at = now
    post.save()
    update = PostUpdate.objects.create(
        post=post,
        number=post.last_number,
        kind=told.kind,
        status=status if told.kind == Kind.RESOLVED else post.status,
        words=words.dump(),
        paragraphs=paragraphs(words),
        components=services,
        next_at=words.next_at,
        published_at=now,
        published_by=actor,
        accepted=[word_list.as_data(hit) for hit in hits or ()],
    )
    states.follow(services, now=now, actor=actor, post=post.code)
    _record(incident, update, told, actor=actor, source=source)
    changes.touch()
    return update


def _move(post: Post, kind: str, *, ends: bool, now: datetime) -> None:
    """Where the post stands after an update of `kind`; a correction leaves it where it was, unless its incident `ends` in another."""
    if kind == Kind.WITHDRAWN:
        post.is_withdrawn = True
    elif kind == Kind.RESOLVED or (kind == Kind.CORRECTION and ends and post.resolved_at is None):
        post.status, post.resolved_at, post.is_withdrawn = Status.RESOLVED, post.resolved_at or now, False
    elif kind != Kind.CORRECTION:
        post.status, post.resolved_at, post.is_withdrawn = Status(kind), None, False


def paragraphs(words: Words) -> dict[str, list[str]]:
    """What the public reads, by language; times in the portal's zone."""
    zone = timezone.get_default_timezone()
    return {language: words.paragraphs(language, zone=zone) for language in LANGUAGES}


def _record(incident: Incident, update: PostUpdate, told: Telling, *, actor: Any, source: str) -> None:
    data = {
        "audience": "status_page",
        "post": update.post.code,
        "number": update.number,
        "kind": update.kind,
        "promised": update.next_at.isoformat() if update.next_at else None,
        "auto": actor is None,
        "title": dict(update.post.title),
        "accepted": [hit["word"] for hit in update.accepted],
    }
    text = "\n\n".join(told.free[language] for language in LANGUAGES if told.free.get(language))
    timeline.record(incident, "statuspage.published", actor=actor, source=source, data=data, text=text)
