"""One file per kind of source; only that file knows the sender's payload."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from detection.normal import Batch


@dataclass(frozen=True)
class Kind:
    """A kind of source: how it is called, who reads its payload, what it may weigh, and what its sender needs to know."""

    name: str
    label: Any
    parser: str
    path: str  # below the address for alerts; {key} is the key
    largest: int  # bytes
    snippet: str  # a template with ready configuration

    def parse(self, payload: Any) -> Batch:
        """The alerts of a decoded request. Raises BadBatch when it is nothing of this kind."""
        parse: Callable[[Any], Batch] = import_string(self.parser)
        return parse(payload)


KINDS = {
    "alertmanager": Kind(
        "alertmanager",
        _("Alertmanager"),
        "detection.sources.alertmanager.parse",
        "/ingest/alertmanager/{key}/",
        16 * 1024 * 1024,
        "detection/snippets/alertmanager.yml",
    ),
}
