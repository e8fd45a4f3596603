"""Holds translations to their sources: what the code and templates say, what the .po says, what the .mo holds."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import polib
from django.utils.translation.template import templatize

Message = tuple[str, str]  # context ("" for none) and msgid
# How many leading arguments are texts, and whether the first is a context.
CALLS = {
    "_": (1, False),
    "gettext": (1, False),
    "gettext_lazy": (1, False),
    "gettext_noop": (1, False),
    "ngettext": (2, False),
    "ngettext_lazy": (2, False),
    "pgettext": (1, True),
    "pgettext_lazy": (1, True),
    "npgettext": (2, True),
    "npgettext_lazy": (2, True),
}
IN_TEMPLATE = re.compile(
    r"""\b(n?p?n?gettext|_)\((u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")(?:\s*,\s*u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"))*)""", re.DOTALL
)
STRING = re.compile(r"""u?('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")""", re.DOTALL)


def of_python(source: str) -> Iterator[Message]:
    """The texts that a module has translated."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        texts = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if name in CALLS and texts:
            yield from messages(name, texts)


def of_template(source: str) -> Iterator[Message]:
    """The texts that a template has translated."""
    for name, arguments in IN_TEMPLATE.findall(templatize(source)):
        yield from messages(name, [ast.literal_eval(text) for text in STRING.findall(arguments)])


def messages(name: str, texts: list[str]) -> Iterator[Message]:
    """What one call asks for: the singular stands for the plural too."""
    _, has_context = CALLS[name]
    if has_context and len(texts) >= 2:
        yield texts[0], texts[1]
    elif not has_context:
        yield "", texts[0]


def of_sources(root: Path, rooms: Iterable[str]) -> dict[Message, str]:
    """Every text of the product and where it stands first."""
    found: dict[Message, str] = {}
    for path in sorted(path for room in rooms for path in (root / room).rglob("*.py") if "migrations" not in path.parts):
        for message in of_python(path.read_text(encoding="utf-8")):
            found.setdefault(message, str(path.relative_to(root)))
    for path in sorted((root / "templates").rglob("*.*")):
        if path.suffix in {".html", ".txt"}:
            for message in of_template(path.read_text(encoding="utf-8")):
                found.setdefault(message, str(path.relative_to(root)))
    return found


def problems(po_path: Path, sources: dict[Message, str]) -> list[str]:
    """What is wrong with one language: untranslated, fuzzy, missing, left over, broken placeholders, or compiled from something else."""
    if not po_path.exists():
        return [f"{po_path} does not exist"]
    po = polib.pofile(str(po_path))
    found = []
    known = {(entry.msgctxt or "", entry.msgid): entry for entry in po if not entry.obsolete}
    found += [f"{where}: not in {po_path.name}: {shown(message)}" for message, where in sources.items() if message not in known and message[1]]
    found += [f"{po_path.name}: nothing says this any more: {shown(message)}" for message in known if message not in sources]
    for message, entry in known.items():
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if entry.fuzzy or not all(texts):
            found.append(f"{po_path.name}: {'fuzzy' if entry.fuzzy else 'not translated'}: {shown(message)}")
        elif any(not placeholders(text) <= placeholders(entry.msgid) | placeholders(entry.msgid_plural or "") for text in texts):
            found.append(f"{po_path.name}: other placeholders than its source: {shown(message)}")
    mo_path = po_path.with_suffix(".mo")
    if not mo_path.exists() or compiled(polib.mofile(str(mo_path))) != compiled(po):
        found.append(f"{mo_path.name} is not what {po_path.name} compiles to; run manage.py translations compile")
    return found


def compiled(file: Iterable[polib.POEntry | polib.MOEntry]) -> dict[Message, object]:
    """What a catalogue answers."""
    return {
        (entry.msgctxt or "", entry.msgid): {int(k): v for k, v in entry.msgstr_plural.items()} or entry.msgstr
        for entry in file
        if not entry.obsolete and not getattr(entry, "fuzzy", False) and (entry.msgstr or entry.msgstr_plural)
    }


def placeholders(text: str) -> set[str]:
    """`%(name)s`, `%s` and `{name}` in a text."""
    return set(re.findall(r"%\(\w+\)[sd]|%[sd]|\{\w*\}", text))


def shown(message: Message) -> str:
    """A message for a line of output."""
    return repr(message[1][:90]) + (f" ({message[0]})" if message[0] else "")
