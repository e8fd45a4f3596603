"""Subscribers from and to CSV: what a file would do is shown first, and formulas in it stay text."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts import audit
from comms import subscriber_batches, subscribers
from comms.models import Consent, Subscriber
from comms.subscriber_batches import place
from comms.subscribers import Wish
from lib.db import retried
from lib.errors import Refused
from lib.text import clean

LONGEST = 2 * 1024 * 1024
MOST_LINES = 10_000
COLUMNS = ("address", "language", "services", "channel")
EXPORTED = (*COLUMNS, "state", "since", "consent")  # what an export has besides is read, too: who ended it there is not taken here
NAMES = {
    "email": "address",
    "e-mail": "address",
    "mail": "address",
    "url": "address",
    "邮箱": "address",
    "语言": "language",
    "服务": "services",
    "渠道": "channel",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Rejected:
    """A line that is not taken, and why."""

    line: int
    text: str
    reason: str


@dataclass
class Reading:
    """What a file would do."""

    taken: list[Wish] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    known: int = 0  # already subscribe


def read(raw: bytes | str) -> Reading:
    """Read "address,language,services,channel" (first line names the columns or is a subscriber; services parted by blanks or semicolons).

    Who ended it, here or by the file's own column `state`, is left out: they agree anew one by one.

    Raises Refused (413, 422) for a file that cannot be read at all.
    """
    if len(raw) > LONGEST:
        raise Refused(_("The file is larger than 2 MiB."), status=413)
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Refused(_("The file is not in UTF-8."), status=422) from error
    found, seen, services = Reading(), set(), subscribers.known_services()
    known = {place(channel, address): ended for channel, address, ended in Subscriber.objects.known().values_list("channel", "address", "ended_at")}
    for number, cells in _lines(text.replace("\0", "")):
        try:
            wish = subscribers.checked(_wish(cells), services)
        except Refused as refused:
            found.rejected.append(Rejected(number, clean(",".join(cells.values()), 120), str(refused)))
            continue
        if (at := place(wish.channel, wish.address)) in seen:
            found.rejected.append(Rejected(number, wish.address, _("It stands twice in the file.")))
        elif cells.get("state", "").lower() == "ended" or known.get(at):
            found.rejected.append(Rejected(number, wish.address, _("They unsubscribed. Once they agree anew, add them one by one.")))
        else:
            seen.add(at)
            found.taken.append(wish)
            found.known += at in known
    return found


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each line's cells by column."""
    columns: tuple[str, ...] = EXPORTED
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text)), 1):
            cells = [plain(cell.strip()) for cell in row]
            names = tuple(NAMES.get(cell.lower(), cell.lower()) for cell in cells)
            if number == 1 and "address" in names and not any("@" in cell or "://" in cell for cell in cells):  # "email" is a channel, too
                columns = names
                continue
            if number > MOST_LINES + 1:
                raise Refused(_("The file has more than %(limit)s lines; put it into several.") % {"limit": MOST_LINES}, status=413)
            if any(cells):
                yield number, dict(zip(columns, cells, strict=False))
    except csv.Error as error:
        raise Refused(_("This is no CSV file."), status=422) from error


def _wish(cells: dict[str, str]) -> Wish:
    services = tuple(cells.get("services", "").replace(";", " ").replace(",", " ").split())
    return Wish(cells.get("address", ""), cells.get("language") or "en", services, (cells.get("channel") or Subscriber.Channel.EMAIL).lower())


def take(reading: Reading, *, words: str, actor: Any, request: Any = None) -> int:
    """Add what was read; returns how many are new. Raises Refused (422) without a word on how they agreed."""
    return subscriber_batches.add_many(reading.taken, source=Consent.Source.CSV, words=words, actor=actor, request=request)


def lines(wishes: Iterable[Wish]) -> str:
    """They as a file that reads back."""
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in (wish.address, wish.language, " ".join(wish.services), wish.channel)] for wish in wishes)
    return out.getvalue()


@retried
def export(words: str = "", *, actor: Any, request: Any = None) -> str:
    """All that match as CSV; recorded, since it takes people's addresses out."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(EXPORTED)
    rows = Subscriber.objects.known().searched(words).prefetch_related("services", "consents").order_by("id")
    count = 0
    for row in rows.iterator(chunk_size=500):
        count += 1
        last = list(row.consents.all())[-1:]
        agreed = f"{last[0].kind} {last[0].source}: {last[0].words}" if last else ""
        services = " ".join(service.slug for service in row.services.all())
        writer.writerow([harmless(cell) for cell in (row.address, row.language, services, row.channel, state_of(row), row.created_at.isoformat(), agreed)])
    audit.record("comms.subscribers_exported", actor=actor, target="subscribers", after={"count": count}, request=request)
    return out.getvalue()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet runs."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA) else cell


def plain(cell: str) -> str:
    """What `harmless` was given."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA) else cell


def state_of(subscriber: Subscriber) -> str:
    """active, ended or suppressed."""
    return "ended" if subscriber.ended_at else "suppressed" if subscriber.suppressed_at else "active"
