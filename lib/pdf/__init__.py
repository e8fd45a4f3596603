"""HTML to PDF in a child process with limits, which fetches nothing.

WeasyPrint follows whatever a page names, local files too (trust.md "PDF"); here a page gets what it is given and no more.
"""

import multiprocessing
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext

from lib.pdf import child
from lib.pdf.libraries import missing

SECONDS = 60.0  # of the clock; the child's own limit counts its computing


class PdfError(Exception):
    """No PDF was made; says why, for an operator. `is_missing`: a system library is not installed."""

    def __init__(self, text: str, *, is_missing: bool = False):
        super().__init__(text)
        self.is_missing = is_missing


@cache
def _context() -> ForkServerContext:
    """Children are forked from a process that has WeasyPrint loaded: 0.1 s instead of a second each."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["lib.pdf.child"])
    return context


def engine() -> str:
    """What draws: its name and version. Part of the key under which a drawing is kept."""
    return f"weasyprint {version('weasyprint')}"


def render(html: str, stylesheets: Mapping[str, str], *, seconds: float = SECONDS) -> bytes:
    """The PDF of `html`. Its `<link rel=stylesheet href="own:NAME">` get `stylesheets[NAME]`; nothing else but `data:` is to be had.

    Raises PdfError: a library is missing, the page cannot be drawn, or it took more than `seconds` or the child's memory.
    """
    if words := missing():
        raise PdfError(words, is_missing=True)
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = _context().Process(target=child.run, args=(theirs, html, dict(stylesheets)), name="pdf", daemon=False)
    process.start()
    theirs.close()
    try:
        return _heard(ours, seconds)
    finally:
        ours.close()
        process.join(1)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def _heard(line: Connection, seconds: float) -> bytes:
    """What the child says; raises PdfError."""
    if not line.poll(seconds):
        raise PdfError(f"it took more than {seconds:.0f} s")
    try:
        is_drawn, said = line.recv()
    except (EOFError, OSError):
        raise PdfError("its process died: more memory or computing than a document may take") from None
    if not is_drawn:
        raise PdfError(str(said))
    with suppress(OSError):
        line.close()
    return bytes(said)
