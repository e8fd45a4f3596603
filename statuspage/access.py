"""What the routes of this room ask of the caller."""

from accounts.rules import Rules

RULES: Rules = {}
