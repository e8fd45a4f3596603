"""The only changer of a post-mortem's state: draft, review, publication, waiver."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.abilities import Ability
from accounts.models import User
from incidents import lifecycle as incident_lifecycle
from incidents import rights, timeline
from incidents.models import Incident
from lib import clock
from lib.db import retried
from lib.errors import Forbidden, Refused
from lib.i18n import listed
from lib.text import clean
from postmortems import opening
from postmortems.holding import hold
from postmortems.models import Postmortem, Review, Section
from postmortems.sections import missing, touch

S, V = Postmortem.State, Review.Verdict
TRANSITIONS: dict[str, set[Postmortem.State]] = {
    S.DRAFT: {S.IN_REVIEW, S.WAIVED},
    S.IN_REVIEW: {S.DRAFT, S.APPROVED, S.WAIVED},
    S.APPROVED: {S.DRAFT, S.PUBLISHED, S.WAIVED},
    S.PUBLISHED: set(),
    S.WAIVED: {S.DRAFT},
}
REVIEWED_AGAIN = timedelta(days=31)  # the next review, unless said otherwise
LONGEST_COMMENT = 5000


def allowed(postmortem: Postmortem) -> list[str]:
    """The states that may follow, in order."""
    return [state for state in S if state in TRANSITIONS[postmortem.state]]


def _check(postmortem: Postmortem, to: Postmortem.State) -> None:
    if to not in TRANSITIONS[postmortem.state]:
        said = {"state": postmortem.get_state_display(), "to": to.label}
        raise Refused(_("The post-mortem is “%(state)s”; it cannot become “%(to)s” from there.") % said, allowed=allowed(postmortem))


def _move(postmortem: Postmortem, to: Postmortem.State, **fields: Any) -> None:
    """Set the state with what goes along with it; the caller holds the incident and has checked."""
    postmortem.state = to
    for name, value in fields.items():
        setattr(postmortem, name, value)
    postmortem.save(update_fields=["state", *fields])
    touch(postmortem)


def others_who_command(postmortem: Postmortem) -> list[User]:
    """Active people besides the author who may command and see the incident: where there is one, the author cannot be the only reviewer."""
    people = User.objects.active().with_ability(Ability.COMMAND).exclude(pk=postmortem.author_id)
    return [one for one in people if rights.may(one, Ability.COMMAND, postmortem.incident)]


@retried
def submit(postmortem: Postmortem, *, reviewers: Iterable[Any], actor: Any, source: str = "") -> Postmortem:
    """Hand it in for review by the people named. Raises Refused (409 with `missing`; 422 for reviewers), Forbidden, NotFound."""
    asked = list({person.pk: person for person in reviewers}.values())
    with transaction.atomic():
        postmortem, incident = hold(postmortem)
        rights.require(actor, Ability.RESPOND, incident)
        _check(postmortem, S.IN_REVIEW)
        if empty := missing(Section.objects.filter(postmortem=postmortem)):
            raise Refused(_("Still empty: %(names)s.") % {"names": listed(empty)}, missing=[section.key for section in empty])
        _check_reviewers(postmortem, asked)
        now = clock.now()
        Review.objects.filter(postmortem=postmortem).delete()
        Review.objects.bulk_create([Review(postmortem=postmortem, person=person, asked_at=now) for person in asked])
        _move(postmortem, S.IN_REVIEW, submitted_at=now, approved_at=None)
        timeline.record(incident, "postmortems.submitted", actor=actor, source=source, data={"reviewers": [str(person) for person in asked]})
    return postmortem


def _check_reviewers(postmortem: Postmortem, asked: list[Any]) -> None:
    if not asked:
        raise Refused(_("Name who reviews it."), status=422)
    for person in asked:
        if not rights.may(person, Ability.RESPOND, postmortem.incident):
            raise Refused(_("%(person)s may not review this post-mortem.") % {"person": person}, status=422)
    if [person.pk for person in asked] == [postmortem.author_id] and (others := others_who_command(postmortem)):
        names = {"names": listed(others[:5])}
        raise Refused(_("Its author cannot be the only reviewer while somebody else commands: name %(names)s, or another.") % names, status=422)


@retried
def approve(postmortem: Postmortem, *, actor: Any, comment: str = "", source: str = "") -> Postmortem:
    """One reviewer's yes; the last one approves it. A commander who was not asked may say yes, too; saying it twice changes nothing."""
    comment = clean(comment, LONGEST_COMMENT, multiline=True)
    with transaction.atomic():
        postmortem, incident = hold(postmortem)
        rights.require(actor, Ability.RESPOND, incident)
        mine = Review.objects.filter(postmortem=postmortem, person=actor).first()
        if mine is not None and mine.verdict == V.APPROVED:
            return postmortem
        _check(postmortem, S.APPROVED)
        if mine is None:
            if not rights.may(actor, Ability.COMMAND, incident) or actor.pk == postmortem.author_id:
                raise Forbidden(_("You were not asked to review this."))
            mine = Review(postmortem=postmortem, person=actor, asked_at=clock.now())
        mine.verdict, mine.said_at, mine.comment = V.APPROVED, clock.now(), comment
        mine.save()
        waiting = Review.objects.filter(postmortem=postmortem, verdict=V.WAITING).count()
        if waiting:
            touch(postmortem)
        else:
            _move(postmortem, S.APPROVED, approved_at=clock.now())
        timeline.record(incident, "postmortems.approved", actor=actor, source=source, data={"waiting": waiting}, text=comment)
    return postmortem


@retried
def give_back(postmortem: Postmortem, *, actor: Any, comment: str, source: str = "") -> Postmortem:
    """Back to draft, with what is missing: by a reviewer, its author or a commander. Raises Refused without a comment (422), Forbidden."""
    comment = clean(comment, LONGEST_COMMENT, multiline=True)
    with transaction.atomic():
        postmortem, incident = hold(postmortem)
        rights.require(actor, Ability.RESPOND, incident)
        _check(postmortem, S.DRAFT)
        mine = Review.objects.filter(postmortem=postmortem, person=actor).first()
        if mine is None and actor.pk != postmortem.author_id and not rights.may(actor, Ability.COMMAND, incident):
            raise Forbidden(_("Its reviewers, its author and commanders return it."))
        if not comment:
            raise Refused(_("Say what is missing."), status=422)
        if mine is not None:
            mine.verdict, mine.said_at, mine.comment = V.RETURNED, clock.now(), comment
            mine.save(update_fields=["verdict", "said_at", "comment"])
        _move(postmortem, S.DRAFT, submitted_at=None, approved_at=None)
        timeline.record(incident, "postmortems.returned", actor=actor, source=source, text=comment)
    return postmortem


@retried
def publish(postmortem: Postmortem, *, actor: Any, next_review_on: date | None = None, request: Any = None, source: str = "") -> Postmortem:
    """Publish inside what was approved; a second time changes nothing. Raises Refused, Forbidden, NotFound."""
    with transaction.atomic():
        postmortem, incident = hold(postmortem)
        rights.require(actor, Ability.PUBLISH, incident)
        if postmortem.state == S.PUBLISHED:
            return postmortem
        _check(postmortem, S.PUBLISHED)
        now = clock.now()
        day = next_review_on or (timezone.localdate(now) + REVIEWED_AGAIN)
        _move(postmortem, S.PUBLISHED, published_at=now, published_by=actor, edition=1, next_review_on=day)
        timeline.record(incident, "postmortems.published", actor=actor, source=source, data={"edition": 1})
        audit.record("postmortems.publish", actor=actor, target=incident.reference, after={"edition": 1}, request=request)
    return postmortem


@retried
def waive(incident: Incident, *, actor: Any, reason: str, request: Any = None, source: str = "") -> Postmortem:
    """Do without one, with a reason that stays: for commanders. Raises Refused (422) without a reason, (409) once published, Forbidden."""
    reason = clean(reason, LONGEST_COMMENT, multiline=True)
    with transaction.atomic():
        incident = incident_lifecycle.hold(incident.pk)
        rights.require(actor, Ability.COMMAND, incident)
        if not reason:
            raise Refused(_("Say why no post-mortem is needed; the reason stays on the timeline."), status=422)
        if incident.state not in opening.MINIMUM:
            raise Refused(_("A post-mortem begins when the incident is resolved."))
        found = Postmortem.objects.filter(incident=incident).first() or opening.make(incident, actor=actor, now=clock.now(), source=source)
        found.incident = incident
        if found.state == S.WAIVED:
            return found
        _check(found, S.WAIVED)
        _move(found, S.WAIVED, waived_at=clock.now(), waived_by=actor, waived_because=reason)
        timeline.record(incident, "postmortems.waived", actor=actor, source=source, text=reason)
        audit.record("postmortems.waive", actor=actor, target=incident.reference, after={"reason": "" if incident.is_private else reason}, request=request)
    return found


@retried
def resume(postmortem: Postmortem, *, actor: Any, source: str = "") -> Postmortem:
    """Take up a waived one again. Raises Refused, Forbidden, NotFound."""
    with transaction.atomic():
        postmortem, incident = hold(postmortem)
        rights.require(actor, Ability.COMMAND, incident)
        if postmortem.state != S.WAIVED:
            raise Refused(_("It was not waived."), allowed=allowed(postmortem))
        _check(postmortem, S.DRAFT)
        _move(postmortem, S.DRAFT, waived_at=None, waived_by=None, waived_because="", submitted_at=None, approved_at=None)
        timeline.record(incident, "postmortems.resumed", actor=actor, source=source)
    return postmortem


@retried
def set_author(postmortem: Postmortem, author: Any, *, actor: Any) -> Postmortem:
    """Who answers for it and is named as its author. Raises Refused (422) for who may not write, (409) once published, Forbidden."""
    with transaction.atomic():
        postmortem, incident = hold(postmortem)
        rights.require(actor, Ability.RESPOND, incident)
        if postmortem.state != S.DRAFT:
            raise Refused(_("The author is named while it is a draft."))
        if not rights.may(author, Ability.RESPOND, incident):
            raise Refused(_("%(person)s may not write this post-mortem.") % {"person": author}, status=422)
        postmortem.author = author
        postmortem.save(update_fields=["author"])
        touch(postmortem)
    return postmortem
