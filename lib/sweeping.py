"""One bad row never stops a sweep: what fails is logged, the others are worked."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from lib.db import is_away

logger = logging.getLogger(__name__)

Row = TypeVar("Row")


def each(rows: Iterable[Row], work: Callable[[Row], bool], name: str) -> int:
    """Work each of `rows` by itself; returns how many `work` said yes to. Raises only when the database is away."""
    worked = 0
    for row in rows:
        try:
            worked += work(row)
        except Exception as error:
            if is_away(error):
                raise
            logger.exception("%s failed for %s", name, row)
    return worked
