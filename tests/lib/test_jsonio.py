"""Strict JSON: what is taken, what is refused and in which words."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import jsonio
from lib.jsonio import BadJSON

REFUSED = {
    "empty": b"",
    "blanks": b" \n ",
    "truncated": b'{"a": [1, 2',
    "trailing": b'{"a": 1} x',
    "two values": b"{}{}",
    "doubled key": b'{"a": 1, "a": 2}',
    "doubled key inside": b'[{"b": {"a": 1, "\\u0061": 2}}]',
    "NaN": b'{"a": NaN}',
    "Infinity": b"[Infinity]",
    "-Infinity": b"[-Infinity]",
    "1e999": b"[1e999]",
    "-1e999": b"[-1e999]",
    "5,000 digits": b"[" + b"9" * 5000 + b"]",
    "5,000 decimals": b"[0." + b"9" * 5000 + b"]",
    "100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "65 deep": b"[" * 65 + b"]" * 65,
    "65 deep in objects": b'{"a":' * 65 + b"1" + b"}" * 65,
    "100,000 opened": b"[" * 100_000,
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": "[1]".encode("utf-32"),
    "invalid UTF-8": b'{"a": "\xff"}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "encoded surrogate": b'{"a": "\xed\xa0\x80"}',
    "control in string": b'"a\nb"',
    "NUL in string": b'"aaaa\x00b"',
    "single quotes": b"{'a': 1}",
    "comment": b"[1] // one",
    "trailing comma": b"[1,]",
    "leading zero": b"[01]",
    "keys that become one": b'{"a\\u0000": 1, "a": 2}',
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_bad_json_is_refused_with_a_reason(raw):
    with pytest.raises(BadJSON) as caught:
        jsonio.loads(raw)
    assert caught.value.status == 400
    assert 0 < len(str(caught.value)) < 200
    str(caught.value).encode()


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"null", None),
        (b"3", 3),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b"[" * 64 + b"]" * 64, json.loads("[" * 64 + "]" * 64)),
        ('{"a": "订单 \\ud83d\\ude92"}'.encode(), {"a": "订单 🚒"}),
        (b'["\\ud83d half", "a\\u0000b"]', [" half", "ab"]),
        (b'{"k\\udfff": {"x": "\\uDC00"}}', {"k": {"x": ""}}),
        (b'["\\\\ud83d"]', ["\\ud83d"]),
        (b'{"__proto__": 1, "pk": 2, "id__in": 3}', {"__proto__": 1, "pk": 2, "id__in": 3}),
        (b"[" + b",".join([b"[]"] * 500) + b"]", [[]] * 500),
    ],
)
def test_good_json_is_taken(raw, value):
    assert jsonio.loads(raw) == value


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_canonical_text_is_read_back_and_stays_itself(value):
    text = jsonio.canonical(value)
    assert jsonio.loads(text.encode()) == value
    assert jsonio.canonical(jsonio.loads(text)) == text


def test_canonical_text_is_sorted_compact_and_readable():
    assert jsonio.canonical({"b": [1, 2.5], "a": "é", "订": None}) == '{"a":"é","b":[1,2.5],"订":null}'
    with pytest.raises(ValueError, match="Out of range"):
        jsonio.canonical(float("nan"))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(raw):
    with contextlib.suppress(BadJSON):
        jsonio.loads(raw)


def test_text_that_was_kept_with_its_mark_is_read_again():
    assert jsonio.loads("\ufeff[1]") == jsonio.loads(b"\xef\xbb\xbf[1]") == [1]
