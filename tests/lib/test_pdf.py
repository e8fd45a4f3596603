"""PDFs: drawn in a child that fetches nothing, is limited, and says what went wrong."""

import http.server
import subprocess
import sys
import threading
import zlib

import pytest

from lib import pdf
from lib.pdf import child, libraries


def page(body, head=""):
    return f"<!DOCTYPE html><html lang='en'><head><title>T</title>{head}</head><body>{body}</body></html>"


def text_of(content):
    done = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture(scope="module")
def outside():
    """A server on this machine that keeps a log of who asked for what."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"body{}")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()


def test_words_and_chinese_are_drawn():
    drawn = pdf.render(page("<h1>Report</h1><p>故障复盘</p>"), {})
    assert drawn.startswith(b"%PDF-")
    said = text_of(drawn)
    assert "Report" in said and "故障复盘" in said


def test_its_own_stylesheet_counts():
    hidden = pdf.render(page("<p class='x'>secret</p><p>shown</p>", "<link rel='stylesheet' href='own:a.css'>"), {"a.css": ".x { display: none }"})
    assert "secret" not in text_of(hidden) and "shown" in text_of(hidden)


WAYS = [
    "<img src='{to}'>",
    "<img src='{to}' srcset='{to} 2x'>",
    "<img src='//{host}/x'>",
    "<img src='HTTP://{host}/x'>",
    "<picture><source srcset='{to}'><img src='{to}'></picture>",
    "<link rel='stylesheet' href='{to}'>",
    "<link rel='alternate stylesheet' href='{to}'>",
    "<link rel='attachment' href='{to}'>",
    "<link rel='icon' href='{to}'>",
    "<a rel='attachment' href='{to}'>a</a>",
    "<style>@import url({to});</style>",
    "<style>@import '{to}';</style>",
    "<style>@font-face {{ font-family: x; src: url({to}) }} p {{ font-family: x }}</style><p>x</p>",
    "<style>p {{ background: url({to}) }}</style><p>x</p>",
    "<p style='background-image: url({to})'>x</p>",
    "<p style='border-image-source: url({to})'>x</p>",
    "<ul style='list-style-image: url({to})'><li>x</ul>",
    "<p style='content: url({to})'>x</p>",
    "<style>p::before {{ content: url({to}) }}</style><p>x</p>",
    "<style>@page {{ background: url({to}); @top-left {{ content: url({to}) }} }}</style>",
    "<style>@page {{ @bottom-left {{ background: url({to}) }} }}</style>",
    "<object data='{to}'></object>",
    "<object data='{to}' type='image/svg+xml'></object>",
    "<embed src='{to}'>",
    "<iframe src='{to}'></iframe>",
    "<video src='{to}' poster='{to}'></video>",
    "<svg><image href='{to}' width='9' height='9'/></svg>",
    "<svg xmlns:xlink='http://www.w3.org/1999/xlink'><image xlink:href='{to}' width='9' height='9'/></svg>",
    "<svg><use href='{to}#a'/></svg>",
    "<svg><style>@import url({to});</style><rect width='9' height='9' fill='url({to}#a)'/></svg>",
    "<img src=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'%3E%3Cimage href='{to}' width='9' height='9'/%3E%3C/svg%3E\">",
    "<link rel='stylesheet' href='data:text/css,@import url({to});'>",
    "<base href='{to}'><img src='x.png'>",
    "<p style='cursor: url({to}), auto; mask: url({to})'>x</p>",
    "<meta http-equiv='refresh' content='0; url={to}'>",
    "<input type='image' src='{to}'>",
]


def test_no_way_of_naming_an_address_makes_it_fetch(outside, tmp_path):
    """One page with all of them, to the network and to a file."""
    base, asked = outside
    secret = tmp_path / "secret.txt"
    secret.write_text("canary-4711")
    assert len(WAYS) >= 30
    for number, way in enumerate(WAYS):
        assert "{to}" in way or "{host}" in way, number
    host = base.removeprefix("http://")
    body = "".join(way.format(to=f"{base}/{number}", host=host) for number, way in enumerate(WAYS))
    local = "".join(way.format(to=f"file://{secret}", host="/localhost") for way in WAYS)
    drawn = pdf.render(page(f"{body}{local}<p>drawn all the same</p>"), {})
    assert asked == []
    assert "drawn all the same" in text_of(drawn)
    assert b"canary-4711" not in unpacked(drawn)


def unpacked(content):
    """The bytes of a PDF with its packed streams opened: an embedded file would show."""
    found = [content]
    for piece in content.split(b"stream\n")[1:]:
        try:
            found.append(zlib.decompress(piece.split(b"\nendstream")[0]))
        except zlib.error:
            continue
    return b"".join(found)


def test_each_way_alone_is_refused_by_the_fetcher():
    fetcher = child.make_fetcher({"a.css": "p{}"})
    for url in (
        "http://127.0.0.1/",
        "https://example.org/",
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "ftp://x/",
        "own:b.css",
        "own:/../a",
        "/etc/passwd",
        "x.png",
    ):
        with pytest.raises(ValueError, match="nothing is fetched"):
            fetcher.fetch(url)
    assert fetcher.fetch("own:a.css").read() == b"p{}"
    assert fetcher.fetch("data:text/plain,x").read() == b"x"


def test_one_that_takes_too_long_is_ended():
    with pytest.raises(pdf.PdfError, match="more than 0 s"):
        pdf.render(page("<p>x</p>" * 2000), {}, seconds=0.05)


def test_a_child_that_dies_is_told_as_such(monkeypatch):
    monkeypatch.setattr(pdf, "COMMAND", [sys.executable, "-c", "import os; os._exit(9)"])
    with pytest.raises(pdf.PdfError, match="process died"):
        pdf.render(page("x"), {})


def test_what_the_child_says_against_it_is_passed_on(monkeypatch):
    monkeypatch.setattr(pdf, "COMMAND", [sys.executable, "-c", "import sys; print('it needs more memory'); sys.exit(1)"])
    with pytest.raises(pdf.PdfError, match="it needs more memory"):
        pdf.render(page("x"), {})


def test_the_child_may_not_take_more_memory_than_set():
    greedy = "from lib.pdf import child; child.limit(); bytearray(child.MEMORY)"
    done = subprocess.run([sys.executable, "-c", greedy], capture_output=True, text=True, cwd=pdf.ROOT)
    assert "MemoryError" in done.stderr


def test_the_child_knows_no_secret_of_ours(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "canary-4711")
    monkeypatch.setattr(pdf, "COMMAND", [sys.executable, "-c", "import os; print(sorted(os.environ))"])
    with pytest.raises(pdf.PdfError) as told:
        pdf.render(page("x"), {})
    assert "PATH" in str(told.value) and "SECRET_KEY" not in str(told.value) and "DATABASE_URL" not in str(told.value)


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pdf, "missing", lambda: libraries.INSTALL)
    with pytest.raises(pdf.PdfError, match="libpango") as refused:
        pdf.render(page("x"), {})
    assert refused.value.is_missing
