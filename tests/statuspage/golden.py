"""The golden files of the public page, and how they are made anew: `python -m tests.statuspage.golden`, after which the difference is read."""

import json
import os
from html.parser import HTMLParser
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
SPOKEN = ("aria-label", "alt", "href", "src", "content", "data-checked", "data-stale", "data-away")


class Words(HTMLParser):
    """Everything of a page that a reader meets: its words, its names for the blind, its links; one a line, markup left out."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.lines += [f"[{name}] {(value or '').partition('?v=')[0]}" for name, value in attrs if name in SPOKEN]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.lines.append(" ".join(data.split()))


def words(page: bytes) -> str:
    """The words of one page."""
    reader = Words()
    reader.feed(page.decode())
    return "\n".join(reader.lines) + "\n"


def shown(files: dict[str, bytes]) -> dict[str, str]:
    """What of an edition the golden files hold: every document, and the words of every page."""
    documents = {path: json.dumps(json.loads(body), ensure_ascii=False, indent=1) + "\n" for path, body in files.items() if path.endswith(".json")}
    return {**documents, **{f"{path}.txt": words(body) for path, body in files.items() if path.endswith(".html")}}


def main() -> None:
    """Write them."""
    from statuspage import rendering
    from tests.statuspage import world

    for name, taken in {"busy": world.BUSY, "quiet": world.QUIET}.items():
        for path, text in shown(rendering.render(taken, made_at=world.NOW)).items():
            (FOLDER / name / path).parent.mkdir(parents=True, exist_ok=True)
            (FOLDER / name / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    import tests.env  # noqa: F401

    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    import django

    django.setup()
    main()
