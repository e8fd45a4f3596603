"""The post-mortem of history that happened elsewhere, as it was published there."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from incidents import lifecycle
from incidents.models import Incident
from lib.db import retried
from lib.errors import Refused
from postmortems import opening
from postmortems.models import ActionItem, Postmortem, Review, Section, SectionVersion

S, V = Postmortem.State, Review.Verdict


@retried
def bring_in(
    incident: Incident,
    *,
    author: Any,
    sections: Mapping[str, str],
    actions: Iterable[Mapping[str, Any]],
    reviewers: Iterable[Any],
    published_at: datetime,
    next_review_on: date,
) -> Postmortem:
    """Make the published post-mortem of imported history: `sections` by key in Markdown, `actions` as fields of action items.

    Raises Refused for an incident that is no imported history or has one already, KeyError for a section that the template does not have.
    """
    if not incident.is_imported:
        raise Refused()
    with transaction.atomic():
        incident = lifecycle.hold(incident.pk)
        if Postmortem.objects.filter(incident=incident).exists():
            raise Refused()
        postmortem = opening.make(incident, actor=author, now=published_at, source="import")
        rows = {section.key: section for section in Section.objects.filter(postmortem=postmortem)}
        for key, text in sections.items():
            section = rows[key]
            section.number, section.text = 1, text
            section.save(update_fields=["number", "text"])
            SectionVersion.objects.create(section=section, number=1, author=author, at=published_at, text=text)
        ActionItem.objects.bulk_create(ActionItem(postmortem=postmortem, created_at=published_at, created_by=author, **fields) for fields in actions)
        Review.objects.bulk_create(
            Review(postmortem=postmortem, person=person, verdict=V.APPROVED, asked_at=published_at, said_at=published_at) for person in reviewers
        )
        postmortem.state, postmortem.edition, postmortem.author = S.PUBLISHED, 1, author
        postmortem.published_at, postmortem.published_by, postmortem.next_review_on = published_at, author, next_review_on
        postmortem.submitted_at = postmortem.approved_at = published_at
        postmortem.save()
    return postmortem
