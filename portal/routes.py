"""What the routes of the portal's own pages ask of the caller; `portal/access.py` puts all rooms' tables together."""

from accounts.rules import Rules

RULES: Rules = {}
