"""A post-mortem as a document in one language, with nothing of the viewer in it."""

from django.utils import translation

from postmortems import assembling
from postmortems.models import Postmortem
from postmortems.shapes import Block, Chart, Document, List, Paragraph, Section, Table

__all__ = ["Block", "Chart", "Document", "List", "Paragraph", "Section", "Table", "of"]


def of(postmortem: Postmortem, language: str = "en") -> Document:
    """The document of a post-mortem in `language`."""
    with translation.override(language):
        return assembling.internal(postmortem, language)
