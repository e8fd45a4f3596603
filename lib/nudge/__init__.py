"""Wakes sweeps and hubs after a commit. A hint only: whoever sleeps also looks by itself, so a lost one costs half a second."""

from lib.nudge.listener import Listener, listen
from lib.nudge.publisher import also, flush, nudge

__all__ = ["Listener", "also", "flush", "listen", "nudge"]
