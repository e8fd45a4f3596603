"""Which code this is."""

import tomllib
from functools import cache
from pathlib import Path

from django.conf import settings


@cache
def version() -> str:
    """The project's version, with the commit where the code runs from a clone."""
    root = Path(settings.BASE_DIR)
    number = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    commit = read_commit(root / ".git")
    return f"{number}+{commit[:12]}" if commit else str(number)


def read_commit(folder: Path) -> str:
    """The commit that HEAD names, read without git; "" where there is none."""
    try:
        head = (folder / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head[5:]
        if (folder / name).exists():
            return (folder / name).read_text(encoding="utf-8").strip()
        lines = (folder / "packed-refs").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split()[0] for line in lines if line.endswith(f" {name}")), "")
