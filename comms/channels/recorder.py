"""Messages that stay rows: where drills go."""

from comms import reasons
from comms.channels.base import Channel, Message, Receipt


class RecorderChannel(Channel):
    """Sends nothing; the delivery's own row is the record."""

    def send(self, message: Message) -> Receipt:
        """Nothing leaves."""
        return Receipt(reasons.RECORDED)
