"""What a silence would hide: counted over what the asking person may see, of the last seven days."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models.fields.json import KeyTransform

from detection.matchers import Matcher, matches
from detection.models import Alert, Source
from lib import clock

DAY, WEEK = timedelta(hours=24), timedelta(days=7)
MOST = 10_000  # alerts looked at, the firing and the newest first
NAMED = 5


@dataclass
class Foresight:
    """How many alerts it would have hidden, and the first few of them; `is_cut`: there were more than could be looked at."""

    firing: int = 0
    day: int = 0
    week: int = 0
    named: list[Alert] = field(default_factory=list)
    is_cut: bool = False


def foresee(user: Any, matchers: Sequence[Matcher], source: Source | None) -> Foresight:
    """Count what these matchers (checked) meet among the alerts that `user` may see. Three queries."""
    now = clock.now()
    rows = Alert.objects.visible_to(user)
    if source is not None:
        rows = rows.filter(source=source)
    for number, one in enumerate(matchers):
        if one["op"] == "=" and one["value"] and re.fullmatch(r"[A-Za-z_]\w*", one["label"], re.ASCII):
            rows = rows.alias(**{f"label{number}": KeyTransform(one["label"], "labels")}).filter(**{f"label{number}": one["value"]})
    found, seen = Foresight(), 0
    named: list[int] = []
    for part in (rows.filter(is_firing=True), rows.filter(is_firing=False, received_at__gte=now - WEEK)):  # each a stretch of one index
        looked = part.order_by("-is_firing", "-received_at", "-id").values_list("pk", "labels", "is_firing", "received_at")[: MOST - seen]
        for key, labels, is_firing, received in looked.iterator():
            seen += 1
            if matches(matchers, labels):
                found.firing += is_firing
                found.day += received >= now - DAY
                found.week += received >= now - WEEK
                named += [key] if len(named) < NAMED else []
    found.is_cut = seen == MOST
    found.named = list(Alert.objects.filter(pk__in=named).order_by("-is_firing", "-received_at", "-id"))
    return found
