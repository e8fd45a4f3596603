"""Lengths of time as people read them."""

import pytest

from lib.times import running, span


@pytest.mark.parametrize(
    ("seconds", "plain", "clock"),
    [
        (0, "0 s", "0 s"),
        (59, "59 s", "59 s"),
        (65, "1 min", "1 min 05 s"),
        (599, "9 min", "9 min 59 s"),
        (600, "10 min", "10 min"),
        (8100, "2 h 15 min", "2 h 15 min"),
    ],
)
def test_a_running_clock_shows_seconds_below_ten_minutes(seconds, plain, clock):
    assert (span(seconds), running(seconds)) == (plain, clock)
