"""The child that draws: limited in memory, computing and files, with a fetcher that knows only what it was given."""

import contextlib
import logging
import resource
from multiprocessing.connection import Connection
from typing import Any

with contextlib.suppress(ImportError, OSError):  # without pango the parent says what is missing
    import weasyprint
    from weasyprint.urls import URLFetcher, URLFetcherResponse

MEMORY = 1536 * 1024**2  # bytes of address space
COMPUTING = 45  # seconds
FILES = 64
OWN = "own:"


def run(line: Connection, html: str, stylesheets: dict[str, str]) -> None:
    """Draw and answer (True, PDF) or (False, why)."""
    _limit()
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    try:
        answer: tuple[bool, Any] = True, _draw(html, stylesheets)
    except MemoryError:
        answer = False, "it needs more memory than a document may take"
    except Exception as error:  # noqa: BLE001 - the outer edge of a process: whatever it is, the parent must hear of it
        answer = False, f"it cannot be drawn: {type(error).__name__}: {error}"[:500]
    line.send(answer)
    line.close()


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (COMPUTING, COMPUTING + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _draw(html: str, stylesheets: dict[str, str]) -> bytes:
    fetcher = make_fetcher(stylesheets)
    # An address of its own, so that relative links resolve to something that the fetcher knows.
    page = weasyprint.HTML(string=html, base_url="own:/", url_fetcher=fetcher)
    drawn: bytes = page.write_pdf(pdf_tags=True, full_fonts=False, optimize_images=False)
    return drawn


def make_fetcher(stylesheets: dict[str, str]) -> Any:
    """A fetcher that knows these stylesheets and what stands in the page itself (`data:`)."""

    class Fetcher(URLFetcher):
        """Refuses the rest."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            """What was given; ValueError for everything else, which WeasyPrint leaves out."""
            if url.startswith(OWN) and url.removeprefix(OWN).lstrip("/") in stylesheets:
                content = stylesheets[url.removeprefix(OWN).lstrip("/")]
                return URLFetcherResponse(url, content.encode(), {"Content-Type": "text/css; charset=utf-8"})
            if url.lower().startswith("data:"):
                return super().fetch(url, headers)
            raise ValueError("nothing is fetched")

    return Fetcher(allowed_protocols=("data",), allow_redirects=False)
