"""The post-mortem on paper: what the print view says, how a PDF is asked for, drawn once and kept, and what happens where it cannot be."""

import re
import subprocess
from datetime import timedelta

import pytest
from django.urls import reverse

from incidents import lifecycle
from lib import pdf, prune
from postmortems import document, printing
from postmortems.models import Drawing

pytestmark = pytest.mark.django_db


def text_of(content):
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=bytes(content), capture_output=True, check=True).stdout.decode()


@pytest.fixture
def drawn(monkeypatch):
    """Counts drawings instead of making them."""
    made = []
    monkeypatch.setattr(pdf, "render", lambda html, stylesheets, **_: made.append(html) or b"%PDF-1.7 made")
    return made


def address(name, postmortem):
    return reverse(f"postmortems:{name}", args=[postmortem.incident.reference])


def test_the_pdf_holds_timeline_figures_contents_and_chinese(postmortem, fill):
    fill(postmortem, root_cause_direct="内存泄漏 in the coordinator, <b>not</b> the database.")
    for language, words in (("en", ("Post-mortem", "Contents", "Timeline", "Action items")), ("zh-hans", ("复盘", "目录", "时间线"))):
        row = printing.drawing(postmortem, language)
        assert row.content is None
        assert printing.sweep() == 1
        row.refresh_from_db()
        assert bytes(row.content).startswith(b"%PDF-") and row.html == ""
        said = text_of(row.content)
        assert postmortem.incident.title in said and postmortem.incident.reference in said and "内存泄漏" in said
        assert all(word in said for word in words), (language, said[:600])
        assert re.search(r"\b1\s*/\s*\d", said), "page numbers"


def test_a_document_is_drawn_once_and_anew_when_it_changes(postmortem, fill, commander, drawn):
    first = printing.drawing(postmortem, "en")
    assert printing.drawing(postmortem, "en").pk == first.pk
    assert (printing.sweep(), printing.sweep()) == (1, 0)
    assert bytes(printing.drawing(postmortem, "en").content) == b"%PDF-1.7 made" and len(drawn) == 1
    lifecycle.note(postmortem.incident, "Something more", actor=commander)
    fill(postmortem)
    assert printing.drawing(postmortem, "en").pk != first.pk


def test_one_that_cannot_be_drawn_says_why_and_is_tried_again_later(postmortem, monkeypatch, clock):
    def fails(*_, **__):
        raise pdf.PdfError("it needs more memory than a document may take")

    monkeypatch.setattr(pdf, "render", fails)
    printing.drawing(postmortem, "en")
    printing.sweep()
    with pytest.raises(printing.Refused, match="more memory") as refused:
        printing.drawing(postmortem, "en")
    assert refused.value.status == 503
    clock.move("+6m")
    assert printing.drawing(postmortem, "en").content is None


def test_one_that_kills_its_worker_is_given_up(postmortem, drawn):
    row = printing.drawing(postmortem, "en")
    Drawing.objects.filter(pk=row.pk).update(attempts=printing.MOST_TRIES)
    printing.sweep()
    row.refresh_from_db()
    assert row.error == printing.STOPS and drawn == []


def test_the_page_waits_then_gives_the_file(postmortem, client, viewer, drawn):
    client.force_login(viewer)
    waiting = client.get(address("pdf", postmortem))
    assert waiting.status_code == 202 and waiting.headers["Refresh"] == "2" and "being drawn" in waiting.content.decode()
    printing.sweep()
    made = client.get(address("pdf", postmortem))
    assert made.headers["Content-Type"] == "application/pdf" and made.content == b"%PDF-1.7 made"
    assert "postmortem.pdf" in made.headers["Content-Disposition"]


def test_over_rest_202_then_the_file(postmortem, client, viewer, drawn):
    client.force_login(viewer)
    path = f"/api/v1/postmortems/{postmortem.incident.reference}/pdf/"
    waiting = client.get(path)
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "2")
    printing.sweep()
    assert client.get(path).content == b"%PDF-1.7 made"
    assert client.get(f"{path}?language=zh-hans").status_code == 202
    assert client.get(f"{path}?language=xx").status_code == 400


def test_without_pango_it_says_what_to_install_and_offers_the_print_view(postmortem, client, viewer, monkeypatch):
    monkeypatch.setattr(pdf, "missing", lambda: "install pango")
    client.force_login(viewer)
    page = client.get(address("pdf", postmortem))
    assert page.status_code == 503 and "install pango" in page.content.decode() and address("print", postmortem) in page.content.decode()
    problem = client.get(f"/api/v1/postmortems/{postmortem.incident.reference}/pdf/")
    assert problem.status_code == 503 and "install pango" in problem.json()["detail"]
    assert client.get(address("print", postmortem)).status_code == 200


def test_the_print_view_is_the_same_page_with_words_escaped(postmortem, fill, client, viewer):
    fill(postmortem, root_cause_direct="<script>alert(1)</script> [x](javascript:alert(1)) **bold**")
    client.force_login(viewer)
    page = client.get(address("print", postmortem)).content.decode()
    assert "<script" not in page and "javascript:" not in page and "<strong>bold</strong>" in page
    assert 'href="/static/postmortems/paper' in page and "style=" not in page.replace("font-style", "")


def test_who_may_not_see_the_incident_gets_no_paper(postmortem, client, person, commander, drawn):
    lifecycle.set_private(postmortem.incident, True, actor=commander)
    client.force_login(person("admin", roles=["admin"]))
    for name in ("pdf", "print"):
        assert client.get(address(name, postmortem)).status_code == 404
    assert client.get(f"/api/v1/postmortems/{postmortem.incident.reference}/pdf/").status_code == 404


def test_what_nobody_asks_for_is_forgotten(postmortem, drawn, clock):
    printing.drawing(postmortem, "en")
    printing.sweep()
    clock.move("+29d")
    prune.prune()
    assert Drawing.objects.count() == 1
    clock.move("+2d")
    prune.prune()
    assert Drawing.objects.count() == 0


def test_the_stylesheet_of_paper_is_found():
    assert "@page" in printing.style() and timedelta(hours=1) > printing.AGAIN_AFTER


def test_a_document_of_every_kind_of_block_is_printed(postmortem):
    page = printing.as_html(document.of(postmortem, "en"), "x.css")
    assert page.count("Nothing written.") == page.count('class="empty"') < page.count("<h2>")
    assert "<table>" in page and "<svg" in page and 'class="lines"' in page and "target-counter" not in page
