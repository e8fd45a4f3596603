"""A sweep goes on past a bad row, not past a database that is away."""

import pytest
from django.db import InterfaceError

from lib import sweeping


def test_a_bad_row_is_logged_and_the_others_are_worked(caplog):
    assert sweeping.each([1, 0, 2], lambda row: 2 / row > 1, "halving") == 1
    assert "halving failed for 0" in caplog.text


def test_a_database_that_is_away_ends_it():
    seen = []

    def work(row):
        seen.append(row)
        raise InterfaceError("gone")

    with pytest.raises(InterfaceError):
        sweeping.each([1, 2], work, "work")
    assert seen == [1]
