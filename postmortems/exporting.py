"""A document as Markdown: to keep beside the code, or to paste elsewhere."""

from collections.abc import Iterator

from postmortems.shapes import Block, Chart, Document, List, Paragraph, Table


def as_markdown(document: Document) -> str:
    """The whole document; cells and lines of machines and people are escaped, sections stay the Markdown they are."""
    parts = [f"# {_plain(document.title)}"]
    if document.mark:
        parts.append(f"**{_plain(document.mark)}**")
    parts += ["\n".join(f"- {_plain(label)}: {_plain(value)}" for label, value in document.meta)] if document.meta else []
    for section in document.sections:
        parts.append(f"{'#' * (section.level + 1)} {_plain(section.title)}")
        parts += [said for block in section.blocks for said in _block(block)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield block.markdown
    elif isinstance(block, Chart):
        yield f"*{_plain(block.title)}*"
    elif isinstance(block, List):
        marks = {"good": "✓ ", "bad": "✗ "}
        levels = block.levels or ("",) * len(block.items)
        yield "\n".join(f"- {marks.get(level, '')}{_plain(item)}" for item, level in zip(block.items, levels, strict=True))
    elif block.rows:
        yield "\n".join(_table(block))


def _table(table: Table) -> Iterator[str]:
    yield "| " + " | ".join(_cell(cell) for cell in table.head) + " |"
    yield "|" + "---|" * len(table.head)
    for row in table.rows:
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"


def _plain(text: str) -> str:
    """Words on one line that Markdown reads as words."""
    said = " ".join(str(text).split())
    for mark in "\\`*_[]<>#|":
        said = said.replace(mark, f"\\{mark}")
    return said


def _cell(text: str) -> str:
    return _plain(text) or " "
