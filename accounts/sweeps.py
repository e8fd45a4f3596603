"""What accounts owe to those who asked: links for a new password."""

from accounts import invitations
from accounts.models import ResetAsked
from lib import leases

CLAIM_SECONDS = 30.0  # one that fails is tried again after this long, and holds up no other


def answer_resets() -> int:
    """Answer everybody who asked for a new password; returns how many."""
    answered = 0
    while asked := leases.claim(ResetAsked.objects.order_by("id"), seconds=CLAIM_SECONDS, limit=1):
        invitations.answer_reset(asked[0])
        answered += 1
    return answered
