"""The shapes that a document is made of: what the page prints, the PDF holds and the Markdown says."""

from dataclasses import dataclass, field
from typing import TypeAlias

from django.utils.safestring import SafeString


@dataclass(frozen=True)
class Paragraph:
    """People's words: HTML that went through nh3, and the Markdown that it was made from."""

    html: SafeString
    markdown: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of plain words under a head. `wide` names the column that takes the room that is left; `numeric` those that are set right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    wide: int | None = None
    numeric: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Chart:
    """A drawing as SVG of our own making, and what it shows in words."""

    svg: SafeString
    title: str


@dataclass(frozen=True)
class List:
    """Short lines of plain words; `levels` says of each whether it is "good", "bad" or "" (a target kept, broken, neither)."""

    items: tuple[str, ...]
    levels: tuple[str, ...] = ()


Block: TypeAlias = Paragraph | Table | Chart | List


@dataclass(frozen=True)
class Section:
    """A chapter or a part of it: `level` 1 stands in the contents, 2 below the chapter before it."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    level: int = 1


@dataclass(frozen=True)
class Document:
    """The whole. `meta` are the lines under the title (label, value): reference, severity, times, people."""

    title: str
    reference: str
    language: str  # "en" or "zh-hans"
    meta: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    state: str = ""  # "Draft", "Published", … in its language
    mark: str = ""  # what stands across it: EXERCISE, Draft, Private
