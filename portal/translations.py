"""Holds translations to their sources: what the code and templates say, what the .po says, what the .mo holds."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polib
from django.utils.translation.template import templatize

Message = tuple[str, str]  # context ("" for none) and msgid
Found = tuple[Message, str]  # with its plural ("" for none)
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
HEADER = {
    "Project-Id-Version": "incident-portal",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}


@dataclass(frozen=True)
class Source:
    """Where a text stands first, and its plural."""

    where: str
    plural: str = ""


def of_python(source: str) -> Iterator[Found]:
    """The texts that a module has translated, also those inside f-strings, which xgettext does not see."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        texts = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if name in CALLS and texts:
            yield from messages(name, texts)


def of_template(source: str) -> Iterator[Found]:
    """The texts that a template has translated."""
    for name, arguments in IN_TEMPLATE.findall(templatize(source)):
        yield from messages(name, [ast.literal_eval(text) for text in STRING.findall(arguments)])


def messages(name: str, texts: list[str]) -> Iterator[Found]:
    """What one call asks for."""
    count, has_context = CALLS[name]
    context, texts = (texts[0], texts[1:]) if has_context else ("", texts)
    if texts:
        yield (context, texts[0]), texts[1] if count == 2 and len(texts) > 1 else ""


def of_sources(root: Path, rooms: Iterable[str]) -> dict[Message, Source]:
    """Every text of the product and where it stands first."""
    found: dict[Message, Source] = {}
    python = sorted(path for room in rooms for path in (root / room).rglob("*.py") if "migrations" not in path.parts)
    templates = sorted(path for path in (root / "templates").rglob("*.*") if path.suffix in {".html", ".txt"})
    for path, read in [(path, of_python) for path in python] + [(path, of_template) for path in templates]:
        for message, plural in read(path.read_text(encoding="utf-8")):
            known = found.get(message)
            if message[1] and (known is None or (plural and not known.plural)):
                found[message] = Source(known.where if known else str(path.relative_to(root)), plural)
    return found


def update(po_path: Path, sources: dict[Message, Source]) -> tuple[int, int]:
    """Bring a .po in step with the sources, keeping what is translated; returns how many texts came and went. Nothing is guessed."""
    po = polib.pofile(str(po_path))
    known = {(entry.msgctxt or "", entry.msgid): entry for entry in po if not entry.obsolete}
    fresh = polib.POFile()
    fresh.metadata = {**HEADER, "Language": po_path.parts[-3], "Plural-Forms": po.metadata.get("Plural-Forms", "nplurals=1; plural=0;")}
    came = 0
    for (context, text), source in sources.items():
        entry = known.get((context, text))
        if entry is None or bool(entry.msgid_plural) != bool(source.plural):
            entry = polib.POEntry(msgctxt=context or None, msgid=text, msgid_plural=source.plural, msgstr_plural={0: ""} if source.plural else {})
            came += 1
        entry.msgid_plural = source.plural
        entry.flags = [flag for flag in entry.flags if flag == "fuzzy"] + (["python-format"] if placeholders(text + source.plural) else [])
        fresh.append(entry)
    fresh.save(str(po_path))
    return came, len(known.keys() - sources.keys())


def problems(po_path: Path, sources: dict[Message, Source]) -> list[str]:
    """What is wrong with one language: untranslated, fuzzy, missing, left over, other placeholders, or compiled from something else."""
    if not po_path.exists():
        return [f"{po_path} does not exist"]
    po = polib.pofile(str(po_path))
    found = []
    known = {(entry.msgctxt or "", entry.msgid): entry for entry in po if not entry.obsolete}
    found += [f"{source.where}: not in {po_path.name}: {shown(message)}" for message, source in sources.items() if message not in known]
    found += [f"{po_path.name}: nothing says this any more: {shown(message)}" for message in known if message not in sources]
    for message, entry in known.items():
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if entry.fuzzy or not all(texts):
            found.append(f"{po_path.name}: {'fuzzy' if entry.fuzzy else 'not translated'}: {shown(message)}")
        elif any(placeholders(text) not in (placeholders(entry.msgid), placeholders(entry.msgid_plural or entry.msgid)) for text in texts):
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


def placeholders(text: str) -> list[str]:
    """`%(name)s`, `%s`, `%%` and `{name}` in a text; unnamed ones in their order, for they are filled in it."""
    named = re.findall(r"%\(\w+\)[sd]|\{\w+\}|%%", text)
    return sorted(set(named)) + re.findall(r"%[sd]|\{\}", text)


def shown(message: Message) -> str:
    """A message for a line of output."""
    return repr(message[1][:90]) + (f" ({message[0]})" if message[0] else "")
