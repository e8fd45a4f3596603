"""A mail with many readers: encoded once; each reader's headers and link are filled in."""

from dataclasses import dataclass
from email.utils import format_datetime

from comms.channels.base import Message
from comms.channels.email import encoded, letter, wire_address
from lib import clock

MARK = "@@unsubscribe@@"
PIECE = 60  # characters of a link in one line of quoted-printable


@dataclass(frozen=True)
class Stencil:
    """The fixed parts of a mail as they go over the wire; between them stands the link that ends the subscription."""

    sender: str
    parts: tuple[bytes, ...]

    def fill(self, message: Message) -> bytes:
        """The mail for one reader. Raises ChannelError (permanent) for an address no mail can have."""
        link = message.unsubscribe
        headers = (
            f"To: <{wire_address(message.address)}>\r\nMessage-ID: {message.message_id}\r\nDate: {format_datetime(clock.now())}\r\n"
            f"List-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        )
        return headers.encode("ascii") + _quoted(link).join(self.parts)


def cut(message: Message) -> Stencil:
    """From a message whose link is MARK."""
    sender, mail = letter(message, cte="quoted-printable")
    return Stencil(sender, tuple(encoded(mail).split(MARK.encode())))


def _quoted(link: str) -> bytes:
    """The link in quoted-printable, softly broken before, in and after, so that no line grows too long or begins with a dot."""
    pieces = [link[at : at + PIECE].replace("=", "=3D") for at in range(0, len(link), PIECE)]
    return "".join(f"=\r\n{'=2E' + piece[1:] if piece.startswith('.') else piece}" for piece in pieces).encode("ascii") + b"=\r\n"
