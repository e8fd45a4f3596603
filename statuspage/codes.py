"""Public codes: what posts, updates and components are called outside. They are random and lead nowhere inside."""

import secrets

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"  # as Statuspage's own ids
LENGTH = 12


def new() -> str:
    """A code that nobody has yet: 62 random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
