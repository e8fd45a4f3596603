"""What the live hub reads: who may listen, what moved, and new entries encoded once for all readers of one language."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.db import connection
from django.utils import translation
from django.utils.crypto import constant_time_compare

from accounts import tokens
from accounts.abilities import Ability
from accounts.models import ApiToken
from incidents import panels, story, timeline
from incidents.models import Incident
from incidents.serializers_story import line_of
from lib import clock
from portal.live import Ticket, frame

Found = TypeVar("Found")
Users = get_user_model()
BATCH = 100  # entries read at once
BOARD_LOOK = 100  # newest moved incidents that the board channel compares


@dataclass(frozen=True)
class Moved:
    """Where an incident stands now."""

    pk: int
    reference: str
    last_seq: int
    is_private: bool
    moved_ms: int


@dataclass(frozen=True)
class Frame:
    """One encoded entry."""

    seq: int
    kind: str
    data: bytes


def reading(work: Callable[..., Found], *args: Any) -> Found:
    """Call `work` with a connection that is known to live, and give the connection up when it fails."""
    connection.close_if_unusable_or_obsolete()
    try:
        return work(*args)
    except BaseException:
        connection.close()
        raise


def moved(pks: Iterable[int], *, with_board: bool) -> list[Moved]:
    """The state of the listened-to incidents, and with `with_board` of those that moved last."""
    fields = ("pk", "reference", "last_seq", "is_private", "moved_at")
    found = {row[0]: row for row in Incident.objects.filter(pk__in=list(pks)).values_list(*fields)}
    if with_board:
        found |= {row[0]: row for row in Incident.objects.order_by("-moved_at").values_list(*fields)[:BOARD_LOOK]}
    return [Moved(pk, reference, last_seq, is_private, int(moved_at.timestamp() * 1000)) for pk, reference, last_seq, is_private, moved_at in found.values()]


def encode(pk: int, language: str, is_api: bool, after: int) -> list[Frame]:
    """The next entries after `after`, in order, with nothing of the viewer in them."""
    incident = Incident.objects.get(pk=pk)
    with translation.override(language):
        return [
            Frame(line.seq, line.kind, _event(incident.reference, line, is_api))
            for line in timeline.lines(incident, after=after, limit=BATCH, language=language)
        ]


def _event(reference: str, line: timeline.Line, is_api: bool) -> bytes:
    identity = f"{reference}:{line.seq}"
    if is_api:
        return frame("entry", line_of(line), identity)
    return frame("entry", {"ref": reference, "seq": line.seq, "kind": line.kind, "category": line.category, "html": story.entry(line)}, identity)


def panels_of(kinds: Iterable[str]) -> list[str]:
    """Names of the panels that entries of these kinds may change."""
    names = {name for kind in kinds for name in panels.for_kind(kind)}
    return [panel.name for panel in panels.ordered() if panel.name in names]


def visible(user_id: int, *, pks: Iterable[int] = (), references: Iterable[str] = ()) -> dict[str, int]:
    """Of these incidents those that the person may see: reference → pk."""
    user = Users.objects.filter(pk=user_id, is_active=True).first()
    rows = Incident.objects.filter(pk__in=list(pks)) if pks else Incident.objects.filter(reference__in=list(references))
    return dict(rows.visible_to(user).values_list("reference", "pk"))


def visible_to_each(named: Mapping[int, Iterable[str]]) -> dict[int, dict[str, int]]:
    """For each person which of the incidents they name they may see: reference → pk. A private one is asked for by person."""
    wanted = {reference for references in named.values() for reference in references}
    rows = {row[0]: row[1:] for row in Incident.objects.filter(reference__in=wanted).values_list("reference", "pk", "is_private")} if wanted else {}
    sees = {user.pk for user in Users.objects.filter(pk__in=named, is_active=True) if user.can(Ability.SEE)} if rows else set()
    found: dict[int, dict[str, int]] = {}
    for user, references in named.items():
        known = {reference: rows[reference] for reference in references if reference in rows} if user in sees else {}
        found[user] = {reference: pk for reference, (pk, is_private) in known.items() if not is_private}
        if private := [pk for pk, is_private in known.values() if is_private]:
            found[user] |= visible(user, pks=private)
    return found


def valid(tickets: Iterable[Ticket]) -> set[Ticket]:
    """Those whose person is active and may see, and whose session or token still stands. Three queries, however many."""
    asked = set(tickets)
    users = {user.pk: user for user in Users.objects.filter(pk__in={ticket.user for ticket in asked}, is_active=True) if user.can(Ability.SEE)}
    sessions = _sessions({ticket.session for ticket in asked if ticket.session})
    keys = {ticket.token for ticket in asked if ticket.token}
    standing = set(ApiToken.objects.filter(pk__in=keys, revoked_at=None, expires_at__gt=clock.now()).values_list("pk", flat=True))
    found = set()
    for ticket in asked:
        user = users.get(ticket.user)
        if user is not None and (ticket.token in standing if ticket.token else _is_session_of(sessions.get(ticket.session, {}), user)):
            found.add(ticket)
    return found


def _sessions(keys: set[str]) -> dict[str, dict[str, Any]]:
    """The content of these sessions that have not expired."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    model = store.get_model_class()
    rows = model.objects.filter(session_key__in=keys, expire_date__gt=clock.now())
    return {row.session_key: row.get_decoded() for row in rows}


def _is_session_of(content: dict[str, Any], user: Any) -> bool:
    """Whether the session is that person's and was made with the present password."""
    return str(content.get(SESSION_KEY)) == str(user.pk) and constant_time_compare(content.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())


def of_token(secret: str) -> ApiToken | None:
    """The valid token with this secret, of a person who may see, with the right to read; or None."""
    token = tokens.find(secret)
    return token if token is not None and tokens.allows(token, "read") and token.user.can(Ability.SEE) else None
