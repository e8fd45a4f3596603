"""How long this room keeps what it can make again."""

from lib import prune
from postmortems.models import Drawing
from postmortems.printing import KEPT


def connect() -> None:
    """Tell the pruning sweep what is old."""
    prune.register("postmortems.drawings", lambda before: Drawing.objects.filter(asked_at__lt=before), keep=lambda: KEPT)
