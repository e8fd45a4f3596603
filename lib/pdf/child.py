"""The process that draws: limited in memory, computing and files, with a fetcher that knows only what it was given.

Reads `{"html", "stylesheets"}` from its input; writes the PDF, or why there is none and ends with 1.
"""

import json
import logging
import resource
import sys
from typing import Any

import weasyprint
from weasyprint.urls import URLFetcher, URLFetcherResponse

MEMORY = 1536 * 1024**2  # bytes of address space
COMPUTING = 45  # seconds
FILES = 64
OWN = "own:"


def main() -> int:
    """0 with a PDF on the output."""
    given = json.load(sys.stdin.buffer)
    limit()
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    try:
        drawn = draw(given["html"], given["stylesheets"])
    except MemoryError:
        return refuse("it needs more memory than a document may take")
    except Exception as error:  # noqa: BLE001 - the outer edge of a process: whatever it is, the parent must hear of it
        return refuse(f"it cannot be drawn: {type(error).__name__}: {error}"[:500])
    sys.stdout.buffer.write(drawn)
    return 0


def refuse(words: str) -> int:
    """Say why there is no PDF."""
    sys.stdout.buffer.write(words.encode())
    return 1


def limit() -> None:
    """What a document may take; for the rest of this process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (COMPUTING, COMPUTING + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def draw(html: str, stylesheets: dict[str, str]) -> bytes:
    """The PDF."""
    # An address of its own, so that relative links resolve to something that the fetcher knows.
    page = weasyprint.HTML(string=html, base_url="own:/", url_fetcher=make_fetcher(stylesheets))
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


if __name__ == "__main__":
    sys.exit(main())
