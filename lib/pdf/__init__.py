"""HTML to PDF in a process of its own with limits, which fetches nothing.

WeasyPrint follows whatever a page names, local files too (trust.md "PDF"); here a page gets what it is given and no more.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from lib.pdf.libraries import missing

SECONDS = 60.0  # of the clock; the child's own limit counts its computing
# Not multiprocessing: a worker's pool forbids its processes children of that kind (docs/decisions/0020).
COMMAND = [sys.executable, "-m", "lib.pdf.child"]
ROOT = Path(__file__).resolve().parents[2]
PASSED_ON = {"HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "XDG_CACHE_HOME"}  # no secret of ours


class PdfError(Exception):
    """No PDF was made; says why, for an operator. `is_missing`: a system library is not installed."""

    def __init__(self, text: str, *, is_missing: bool = False):
        super().__init__(text)
        self.is_missing = is_missing


def engine() -> str:
    """What draws: its name and version. Part of the key under which a drawing is kept."""
    return f"weasyprint {version('weasyprint')}"


def render(html: str, stylesheets: Mapping[str, str], *, seconds: float = SECONDS) -> bytes:
    """The PDF of `html`. Its `<link rel=stylesheet href="own:NAME">` get `stylesheets[NAME]`; nothing else but `data:` is to be had.

    Raises PdfError: a library is missing, the page cannot be drawn, or it took more than `seconds` or the child's memory.
    """
    if words := missing():
        raise PdfError(words, is_missing=True)
    given = json.dumps({"html": html, "stylesheets": dict(stylesheets)}).encode()
    environment = {name: value for name, value in os.environ.items() if name in PASSED_ON}
    try:
        done = subprocess.run(COMMAND, input=given, capture_output=True, timeout=seconds, cwd=ROOT, env=environment, check=False)  # noqa: S603 - ourselves
    except subprocess.TimeoutExpired:
        raise PdfError(f"it took more than {seconds:.0f} s") from None
    if done.returncode == 0 and done.stdout.startswith(b"%PDF-"):
        return done.stdout
    said = done.stdout.decode(errors="replace").strip()
    raise PdfError(said or "its process died: more memory or computing than a document may take")
