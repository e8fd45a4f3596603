"""Drafts: what lies ready to be published and waits for a person. The portal prepares standard words, people change them."""

from typing import Any

from django.db import transaction

from accounts.abilities import Ability
from incidents import lifecycle, rights, timeline
from incidents.models import Incident
from lib import clock
from lib.db import retried
from lib.errors import Refused
from statuspage import rules, standard
from statuspage.models import Draft, Post
from statuspage.telling import Telling, checked


def told(draft: Draft) -> Telling:
    """What the draft would tell."""
    return Telling.load({**draft.words, "kind": draft.kind, "title": draft.title, "services": draft.components})


def _values(telling: Telling) -> dict[str, Any]:
    kept = telling.dump()
    return {"kind": telling.kind, "title": kept.pop("title"), "components": kept.pop("services"), "words": kept}


def prepare(incident: Incident, kind: str, post: Post | None) -> Draft:
    """Lay standard words ready; what a person wrote stays and only follows in its kind. Runs in the transaction of its cause.

    Saying what is prepared already records nothing.
    """
    now, last = clock.now(), post.last_number if post else 0
    draft = Draft.objects.filter(incident=incident).first()
    if draft is not None and draft.edited_by_id is not None:
        if draft.kind != kind:
            Draft.objects.filter(pk=draft.pk).update(kind=kind, words={**draft.words, "kind": kind})
            _record(incident, kind, post)
        return draft
    values = {**_values(standard.telling(incident, kind, post)), "base_number": last, "made_at": now}
    is_same = draft is not None and draft.kind == kind and draft.components == values["components"] and draft.base_number == last
    draft, _made = Draft.objects.update_or_create(incident=incident, defaults=values)
    if not is_same:
        _record(incident, kind, post)
    return draft


def _record(incident: Incident, kind: str, post: Post | None) -> None:
    data = {"audience": "status_page", "post": post.code if post else None, "kind": kind, "promised": None, "auto": True}
    timeline.record(incident, "statuspage.prepared", data=data)


@retried
def save(incident: Incident, telling: Telling, *, actor: Any, seen: int | None = None) -> Draft:
    """Keep what a person wrote for later; words of the word list may stand in a draft, they are asked about at publishing.

    Raises Refused (409) where nothing may be public, (422) for what does not fit, Forbidden without *publish*, NotFound.
    """
    with transaction.atomic():
        incident = lifecycle.hold(incident.pk)
        rights.require(actor, Ability.PUBLISH, incident)
        post = Post.objects.filter(incident=incident).first()
        if reason := rules.barred(incident):
            raise Refused(reason)
        telling, _hits = checked(telling, all_the_same=True)
        now = clock.now()
        base = seen if seen is not None else post.last_number if post else 0
        values = {**_values(telling), "base_number": base, "edited_by": actor, "edited_at": now}
        draft, _made = Draft.objects.update_or_create(incident=incident, defaults=values, create_defaults={**values, "made_at": now})
    return draft


@retried
def drop(incident: Incident, *, actor: Any, source: str = "") -> bool:
    """Throw the draft away; False when there was none."""
    with transaction.atomic():
        incident = lifecycle.hold(incident.pk)
        rights.require(actor, Ability.PUBLISH, incident)
        draft = Draft.objects.filter(incident=incident).first()
        if draft is None:
            return False
        kind = draft.kind
        draft.delete()
        timeline.record(incident, "statuspage.dropped", actor=actor, source=source, data={"audience": "status_page", "kind": kind})
    return True
