"""What a channel promises: it returns what the provider said, or raises why it did not work."""

from dataclasses import dataclass
from typing import Any, ClassVar

from comms import reasons


@dataclass(frozen=True)
class Message:
    """One rendered message on its way out."""

    address: str
    name: str  # of the reader
    subject: str
    text: str
    html: str
    message_id: str
    language: str
    is_exercise: bool = False
    unsubscribe: str = ""  # the reader's own link
    stencil: Any = None  # of a mail with many readers: `stencils.Stencil`
    secrets: tuple[str, ...] = ()  # that sign a webhook


@dataclass(frozen=True)
class Receipt:
    """What the provider said when it took the message."""

    answer: str


class ChannelError(Exception):
    """A message was not taken.

    `permanent`: trying again is useless. `ambiguous`: it may have been taken all the same. `suppress`: the address is
    gone (5.1.1). `is_channel`: the provider is away, not this message's fault. `turns_off`: wrong credentials or
    settings, so nothing goes until they change. `retry_after`: seconds for which the channel asks to be left alone.
    """

    def __init__(
        self,
        text: str,
        *,
        permanent: bool = False,
        ambiguous: bool = False,
        suppress: bool = False,
        is_channel: bool = False,
        turns_off: bool = False,
        retry_after: float | None = None,
    ):
        super().__init__(text)
        self.text = text
        self.permanent = permanent
        self.ambiguous = ambiguous
        self.suppress = suppress
        self.is_channel = is_channel or turns_off
        self.turns_off = turns_off
        self.retry_after = retry_after


class Channel:
    """A way out. One object serves one thread for one drain and may keep a connection in between."""

    deadline_seconds: ClassVar[float] = 20  # hard limit of one message
    is_shared: ClassVar[bool] = True  # one provider for all readers; else each reader's address is a provider of its own
    can_repeat: ClassVar[bool] = False  # its receivers know a message that they get a second time

    def send(self, message: Message) -> Receipt:
        """Give `message` to the provider. Raises ChannelError."""
        raise ChannelError(reasons.CANNOT_SEND, permanent=True)

    def close(self) -> None:
        """Let go of what is kept open."""

    @classmethod
    def configuration(cls) -> str:
        """A digest of the settings in use."""
        return ""
