"""Markdown from people: rich enough, and never anything that acts."""

import re

import pytest

from lib import markup

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=https://evil.example/x.png onerror=alert(1)>",
    "![pixel](https://evil.example/x.png)",
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](JaVaScRiPt&#58;alert(1))",
    '<a href="vbscript:x" hx-get="/x" id="y" style="color:red" onclick="x()">x</a>',
    "<form action=/x><input name=a><button>go</button></form>",
    "<div hx-post='/incidents/1/close/' hx-trigger='load'>x</div>",
    "<iframe src=https://evil.example></iframe>",
    "<svg onload=alert(1)><a xlink:href='javascript:x'/></svg>",
    "<style>body{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example>",
    "<object data=x></object><embed src=x>",
    '```"onmouseover="x\ncode\n```',
    "<p class='danger button'>x</p>",
    "<math><mi//xlink:href='data:x,<script>alert(4)</script>'>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_acts(text):
    html = markup.render(text).lower()
    for part in ("<script", "<img", "<form", "<input", "<button", "<iframe", "<svg", "<style", "<meta", "<base", "<object", "<embed", "<math"):
        assert part not in html
    for attribute in (" on", " hx-", " id=", " style=", 'href="javascript', 'href="vbscript', 'href="data', " src=", "danger"):
        assert not re.search(rf"<[^>]*{re.escape(attribute)}", html)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("**bold** *it*", "<strong>bold</strong> <em>it</em>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("a\nb", "<p>a<br>\nb</p>"),
        ("[x](https://example.com/)", '<a href="https://example.com/" rel="nofollow noopener noreferrer">x</a>'),
        ("[x](mailto:a@example.com)", 'href="mailto:a@example.com"'),
        ("|a|b|\n|-|-|\n|1|2|", "<td>1</td>"),
        ("```python\nprint(1)\n```", '<span class="nb">print</span>'),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
        ("订单 **服务**", "<strong>服务</strong>"),
    ],
)
def test_people_can_write(text, part):
    assert part in markup.render(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_acts_where_pictures_are_shown(text):
    html = markup.render(text, pictures=True).lower()
    assert "src=" not in html
    assert not re.search(r"<[^>]* on", html)


def test_only_the_portals_own_pictures_are_shown():
    address = f"/incidents/INC-2026-001/pictures/{'a' * 64}/"
    assert f'src="{address}"' in markup.render(f"![it]({address})", pictures=True)
    assert "src=" not in markup.render(f"![it](//evil.example{address})", pictures=True)
    assert "src=" not in markup.render("![it](/incidents/INC-2026-001/acts/resolve/)", pictures=True)
    assert "<img" not in markup.render(f"![it]({address})")
    assert markup.plain(f"See [![it]({address})]({address})") == "See it"


def test_plain_has_the_words_only():
    assert markup.plain("# Head\n\n**bold** <script>x</script> [link](https://a.example) a & b < c\n\n- one\n- two") == "Head bold link a & b < c one two"


def test_something_endless_is_shown_as_it_is():
    assert markup.render("[" * 300_000).startswith("<pre>[")
