"""Messages as log lines: the harmless default of a fresh checkout."""

import logging

from comms import reasons
from comms.channels.base import Channel, Message, Receipt

logger = logging.getLogger(__name__)


class ConsoleChannel(Channel):
    """Prints what would have been mailed, links and codes included: here the terminal is the letter box."""

    def send(self, message: Message) -> Receipt:
        """Write one log record."""
        logger.info("mail to %s\nSubject: %s\n\n%s", message.address or message.name, message.subject, message.text)
        return Receipt(reasons.PRINTED)
