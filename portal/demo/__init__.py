"""A portal to look around in: the worked example of the manual as history with its post-mortem, its people, and one open drill."""

from portal.demo.loading import load

__all__ = ["load"]
