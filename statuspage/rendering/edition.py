"""One whole edition of the public page: every file that readers may ask for."""

from datetime import datetime
from pathlib import Path

from django.conf import settings

from lib.i18n import LANGUAGES
from statuspage.rendering import atlassian, looks, pages
from statuspage.snapshot import Page, Snapshot

SOURCES = Path(settings.BASE_DIR) / "static" / "statuspage"
HOME = "index.html"  # what a folder answers with


def render(snapshot: Snapshot, *, made_at: datetime) -> dict[str, bytes]:
    """Path → bytes, in the order in which they are to appear: what others link to first, each folder's entrance after what it leads to."""
    files = assets(snapshot.page)
    files |= {f"api/v2/{name}.json": body for name, body in atlassian.documents(snapshot).items()}
    files["404.html"] = pages.not_found(snapshot, style=looks.stamp(files["assets/status.css"]))
    # The root speaks the portal's language; it comes last.
    for folder, language in [*((f"{code}/", code) for code in LANGUAGES), ("", settings.LANGUAGE_CODE)]:
        look = pages.Look(snapshot, language=language, folder=folder, made_at=made_at, files=files)
        files |= {f"{folder}{name}": body for name, body in look.all().items()}
    return files


def only(snapshot: Snapshot, path: str, *, made_at: datetime) -> bytes | None:
    """The one file at `path`, made without the others; None where an edition has none."""
    files = assets(snapshot.page)
    if path in files:
        return files[path]
    if path == "404.html":
        return pages.not_found(snapshot, style=looks.stamp(files["assets/status.css"]))
    if path.startswith("api/v2/"):
        return atlassian.documents(snapshot).get(path.removeprefix("api/v2/").removesuffix(".json")) if path.endswith(".json") else None
    folder = next((f"{code}/" for code in LANGUAGES if path.startswith(f"{code}/")), "")
    look = pages.Look(snapshot, language=folder[:-1] or settings.LANGUAGE_CODE, folder=folder, made_at=made_at, files=files)
    make = look.makers().get(path.removeprefix(folder))
    return make() if make else None


def assets(page: Page) -> dict[str, bytes]:
    """Style, script and marks, so that the folder needs nothing from outside."""
    files = {
        "assets/status.css": looks.colours(page.accent) + (SOURCES / "status.css").read_bytes(),
        "assets/status.js": (SOURCES / "status.js").read_bytes(),
        "assets/icon.svg": looks.icon(page.accent),
    }
    if page.logo and (kind := looks.LOGOS.get(page.logo_type)):
        files[f"assets/logo.{kind}"] = page.logo
    return files
