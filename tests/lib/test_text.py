"""Text from outside is storable, shows what it says and has an end."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.text import clean


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, ""),
        (12, "12"),
        (b"caf\xc3\xa9 \xff", "café \ufffd"),
        ("a\x00b", "ab"),
        ("lone \ud83d half", "lone half"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07x", "red x"),
        ("bell\x07 del\x7f c1\x9b", "bell del c1"),
        ("user\u202egpj.exe", "usergpj.exe"),
        ("\u2066isolated\u2069 \u200fmarks\u200e \u061carabic", "isolated marks arabic"),
        ("\ufeffstart", "start"),
        ("two\r\nlines\u2028and\ttab", "two lines and tab"),
        ("  many   blanks  ", "many blanks"),
        ("e\u0301", "é"),
        ("👩‍🚒 crew", "👩‍🚒 crew"),
        ("<b>{{ x }}</b>", "<b>{{ x }}</b>"),
        ("订单服务", "订单服务"),
    ],
)
def test_one_line_is_kept_as(value, kept):
    assert clean(value, 100) == kept


def test_lines_and_tabs_stay_where_they_may():
    assert clean("one\r\n\ttwo\rthree\u0085four\n", 100, multiline=True) == "one\n\ttwo\nthree\nfour"


def test_what_is_too_long_ends_in_an_ellipsis():
    assert clean("abcdef", 6) == "abcdef"
    assert clean("abcdefg", 6) == "abcde…"
    assert clean("abcd efg", 6) == "abcd…"
    assert clean("x", 0) == ""
    assert clean("\x00" * 10_000 + "tail", 10) == "…"


def test_four_megabytes_of_marks_are_calmed():
    text = clean("a" + "\u0301\u0316" * 2_000_000, 20_000)
    assert len(text) <= 20_000


@given(st.text(st.characters(), max_size=300), st.integers(1, 50), st.booleans())
def test_whatever_comes_the_result_is_storable(value, limit, multiline):
    text = clean(value, limit, multiline=multiline)
    assert len(text) <= limit
    assert unicodedata.is_normalized("NFC", text)
    text.encode()
    assert not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text if not (multiline and letter in "\n\t"))
