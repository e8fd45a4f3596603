"""Puts the document together from sections, story, figures and action items, in the active language."""

from collections.abc import Iterable
from datetime import UTC

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from lib import markup
from lib.i18n import listed, pick
from postmortems import chart, facts, saw, story
from postmortems.models import ActionItem, Postmortem
from postmortems.models import Section as Written
from postmortems.playbook import CHAPTERS
from postmortems.shapes import Block, Document, List, Paragraph, Section, Table

BEFORE_FACTS = ("root_cause", "impact")  # chapters that stand before the clocks; the others follow
AFTER_ACTIONS = ("lessons", "related", "other")


def internal(postmortem: Postmortem, language: str) -> Document:
    """The whole of it."""
    written: dict[str, list[Written]] = {}
    for section in postmortem.sections.all():
        written.setdefault(section.chapter, []).append(section)
    incident = postmortem.incident
    parts = [_overview(postmortem), _timeline(postmortem, language), *_chapter("root_cause", written, language)]
    impact = Table((_("What"), _("How")), tuple((fact.label, fact.value) for fact in facts.impact(incident)), wide=1)
    parts += _chapter("impact", written, language, impact)
    parts += [
        Section("clocks", _("Targets kept and broken"), (_list(facts.clocks(incident)),)),
        Section("saw", _("What the portal saw"), (_list(saw.everything(incident)),)),
    ]
    parts += [part for name in ("went_well", "to_improve") for part in _chapter(name, written, language)]
    parts.append(Section("actions", _("Action items"), (_actions(postmortem),)))
    parts += [part for name in AFTER_ACTIONS for part in _chapter(name, written, language)]
    parts.append(_about(postmortem))
    state = postmortem.get_state_display()
    return Document(
        title=incident.title,
        reference=incident.reference,
        language=language,
        meta=tuple((fact.label, fact.value) for fact in facts.overview(incident)),
        sections=tuple(part for part in parts if part.blocks or part.level == 1),
        state=str(state),
        mark=_mark(postmortem),
    )


def _mark(postmortem: Postmortem) -> str:
    """What stands across it."""
    if postmortem.incident.is_drill:
        return pgettext("drill", "EXERCISE")
    return "" if postmortem.state == Postmortem.State.PUBLISHED else str(postmortem.get_state_display())


def _overview(postmortem: Postmortem) -> Section:
    incident = postmortem.incident
    drawing = chart.of(incident)
    rows = tuple((facts.stamp(at), label) for label, at in facts.milestones(incident))
    blocks: list[Block] = [drawing] if drawing else []
    blocks.append(Table((_("Time"), _("Milestone")), rows, wide=1))
    if incident.summary:
        blocks.insert(0, Paragraph(markup.render(incident.summary), incident.summary))
    return Section("overview", _("Overview"), tuple(blocks))


def _timeline(postmortem: Postmortem, language: str) -> Section:
    rows = story.rows(postmortem, language=language)
    days = {row.at.astimezone(UTC).date() for row in rows}
    said = tuple((f"{row.at.astimezone(UTC):%H:%M}" if len(days) == 1 else f"{row.at.astimezone(UTC):%m-%d %H:%M}", row.text, row.who) for row in rows)
    return Section("timeline", _("Timeline"), (Table((_("Time (UTC)"), _("Event"), _("Who")), said, wide=1),))


def _chapter(name: str, written: dict[str, list[Written]], language: str, *before: Block) -> list[Section]:
    """One chapter: its only section stands under its own heading, several each under theirs."""
    rows = written.get(name, [])
    title = str(dict(CHAPTERS).get(name, name))
    if len(rows) <= 1 and not before:
        return [Section(name, pick(row.title, language) or title, _words(row)) for row in rows]
    parts = [Section(row.key, pick(row.title, language), _words(row), level=2) for row in rows]
    return [Section(name, title, before), *(part for part in parts if part.blocks)]


def _words(row: Written) -> tuple[Block, ...]:
    if row.text.strip():
        return (Paragraph(markup.render(row.text), row.text),)
    said = _("Not written yet.")
    return (Paragraph(markup.render(said), said),) if row.is_required else ()


def _list(found: Iterable[facts.Fact]) -> List:
    rows = list(found)
    return List(tuple(_("%(label)s: %(value)s") % {"label": row.label, "value": row.value} for row in rows), tuple(row.level for row in rows))


def _actions(postmortem: Postmortem) -> Table:
    head = (_("Horizon"), _("What"), _("Priority"), _("Owner"), _("Due"), _("Done when"), _("State"))
    rows = tuple(
        (
            item.get_horizon_display(), item.title, item.get_priority_display(), owner_of(item), f"{item.due_on:%Y-%m-%d}", item.acceptance,
            item.get_state_display(),
        )
        for item in in_order(postmortem.actions.select_related("owner", "team"))
    )  # fmt: skip
    return Table(head, tuple(tuple(str(cell) for cell in row) for row in rows), wide=1)


def owner_of(item: ActionItem) -> str:
    """Who owns it, "" for nobody yet."""
    return str(item.owner or item.team or "")


def in_order(items: Iterable[ActionItem]) -> list[ActionItem]:
    """By horizon, then priority, then day."""
    horizons, priorities = ActionItem.Horizon.values, ActionItem.Priority.values
    return sorted(items, key=lambda item: (horizons.index(item.horizon), priorities.index(item.priority), item.due_on, item.pk))


def _about(postmortem: Postmortem) -> Section:
    reviews = list(postmortem.reviews.select_related("person"))
    rows = [(_("Author"), str(postmortem.author or "–")), (_("Reviewers"), listed(review.person for review in reviews) or "–")]
    if postmortem.published_at:
        rows.append((_("Published"), facts.stamp(postmortem.published_at) + (f" · {_('edition %(number)s') % {'number': postmortem.edition}}")))
    if postmortem.next_review_on:
        rows.append((_("Next review"), f"{postmortem.next_review_on:%Y-%m-%d}"))
    if postmortem.state == Postmortem.State.WAIVED:
        rows.append((_("Waived because"), postmortem.waived_because))
    return Section("about", _("About this document"), (Table((_("What"), ""), tuple(rows), wide=1),))
