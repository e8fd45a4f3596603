"""The tables of the post-mortem; each module holds one concept."""

from postmortems.models.actions import ActionItem
from postmortems.models.drawing import Drawing
from postmortems.models.postmortem import Postmortem, Review
from postmortems.models.text import Section, SectionVersion, TimelineChoice, Writing

__all__ = ["ActionItem", "Drawing", "Postmortem", "Review", "Section", "SectionVersion", "TimelineChoice", "Writing"]
