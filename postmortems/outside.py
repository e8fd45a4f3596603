"""The redacted public version: drafted from the inner one without names, edited and confirmed by a person, checked for words that must not leave."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from accounts.models import User
from comms import word_list
from incidents import rights, timeline
from lib import clock
from lib.db import retried
from lib.errors import Refused
from lib.i18n import LANGUAGES, listed, pick
from lib.text import whole
from postmortems import facts
from postmortems.assembling import in_order
from postmortems.holding import hold
from postmortems.models import ActionItem, Postmortem
from postmortems.sections import LONGEST, touch

CHAPTERS = ("root_cause.direct", "root_cause.root_causes", "impact.technical")  # what of the inner text a draft begins with
SHORTEST_NAME = 3


@dataclass(frozen=True)
class Hit:
    """A word that should not leave, and why."""

    word: str
    why: str


def draft(postmortem: Postmortem) -> dict[str, str]:
    """A beginning in both languages: what people said last, else the inner words with times and what is being done, without names.

    Of a private incident nothing is taken over: whoever publishes writes it anew.
    """
    if any(postmortem.public_text.values()):
        return {language: postmortem.public_text.get(language, "") for language in LANGUAGES}
    if postmortem.incident.is_private:
        return dict.fromkeys(LANGUAGES, "")
    return {language: _drafted(postmortem, language) for language in LANGUAGES}


def _drafted(postmortem: Postmortem, language: str) -> str:
    incident = postmortem.incident
    texts = {section.key: section for section in postmortem.sections.all()}
    with translation.override(language):
        seconds = facts.lasted(incident)
        said = {"began": facts.stamp(incident.began_at), "ended": facts.stamp(incident.resolved_at), "time": facts.minutes(seconds or 0)}
        parts = [_("From %(began)s to %(ended)s (%(time)s) our service was disturbed.") % said]
        if incident.users_affected is not None or incident.users_affected_percent is not None:
            parts.append(_("Users hit: %(users)s.") % {"users": facts.users(incident)})
        for key in CHAPTERS:
            if key in texts and texts[key].text.strip():
                parts.append(f"## {pick(texts[key].title, language)}\n\n{texts[key].text.strip()}")
        items = [item for item in in_order(postmortem.actions.all()) if item.state != ActionItem.State.DROPPED]
        if items:
            heading, lines = _("What we do about it"), "\n".join(f"- {item.title}" for item in items)
            parts.append(f"## {heading}\n\n{lines}")
        parts.append(_("We are sorry for the trouble this caused."))
        return "\n\n".join(parts)


def hits(postmortem: Postmortem, document: dict[str, str]) -> list[Hit]:
    """Words of the public version that should not leave: names of people, the reference, and what the playbook's word list knows."""
    texts = "\n".join(document.values())
    folded = texts.casefold()
    found = {name: Hit(name, str(_("a person's name"))) for name in _names() if name.casefold() in folded}
    if postmortem.incident.is_private and postmortem.incident.title.casefold() in folded:
        found[postmortem.incident.title] = Hit(postmortem.incident.title, str(_("the title of a private incident")))
    for hit in word_list.found(document):
        found.setdefault(hit.word, Hit(hit.word, hit.reason))
    return list(found.values())


def _names() -> set[str]:
    names = User.objects.active().values_list("name", "username")
    return {name for pair in names for name in pair if len(name) >= SHORTEST_NAME or (name and not name.isascii() and len(name) >= 2)}


@retried
def publish(
    postmortem: Postmortem, document: dict[str, str], *, actor: Any, is_confirmed: bool, is_insisted: bool = False, request: Any = None, source: str = ""
) -> Postmortem:
    """Publish the public version after the inner one; again replaces it. What goes where is `statuspage`'s.

    Raises Refused: 409 for a drill or before the inner publication, 422 for no text or unconfirmed, 409 with `words` for words
    that should not leave unless `is_insisted`; Forbidden, NotFound.
    """
    document = {language: whole(document.get(language, ""), LONGEST, multiline=True) for language in LANGUAGES}
    with transaction.atomic():
        postmortem, incident = hold(postmortem)
        rights.require(actor, Ability.PUBLISH, incident)
        if incident.is_drill:
            raise Refused(_("A drill's post-mortem stays inside."))
        if postmortem.state != Postmortem.State.PUBLISHED:
            raise Refused(_("Publish it inside first; then its public version."))
        if not any(document.values()):
            raise Refused(_("Write the public version in at least one language."), status=422)
        if not is_confirmed:
            raise Refused(_("Read it and confirm: what is public cannot be taken back from who has read it."), status=422, missing="is_confirmed")
        found = hits(postmortem, document)
        words = [hit.word for hit in found]
        if found and not is_insisted:
            said = listed(f"“{hit.word}” ({hit.why})" for hit in found)
            raise Refused(_("These words should stay inside: %(words)s. Change them, or publish all the same.") % {"words": said}, words=words)
        if document == postmortem.public_text and postmortem.published_outside_at:
            return postmortem
        postmortem.public_text, postmortem.published_outside_at, postmortem.published_outside_by = document, clock.now(), actor
        postmortem.save(update_fields=["public_text", "published_outside_at", "published_outside_by"])
        touch(postmortem)
        data = {"postmortem": postmortem.pk, "document": document, "words": words}
        timeline.record(incident, "postmortems.published_outside", actor=actor, source=source, data=data, text=pick(document, "en"))
        audit.record("postmortems.publish_outside", actor=actor, target=incident.reference, after={"insisted_on": len(words)}, request=request)
    return postmortem
