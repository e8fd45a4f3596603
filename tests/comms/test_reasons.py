"""Stored reasons are read in the reader's language, the provider's words as they are."""

import pytest
from django.utils import translation

from comms import reasons


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (reasons.EXPIRED, "已超过有效期"),
        (reasons.NO_CONNECTION % {"words": "[Errno 111] refused"}, "无法建立连接：[Errno 111] refused"),
        (reasons.GIVEN_UP % {"count": 8, "words": reasons.NO_CONNECTION % {"words": "timed out"}}, "尝试 8 次后放弃：无法建立连接：timed out"),
        ("550 5.1.1 no such user", "550 5.1.1 no such user"),
        ("", ""),
    ],
)
def test_a_reason_is_read_in_the_readers_language(stored, read):
    assert reasons.sentence(stored) == stored
    with translation.override("zh-hans"):
        assert reasons.sentence(stored) == read
