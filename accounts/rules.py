"""What a route asks of the caller: the words that every room's `access.py` is written in."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from accounts.abilities import Ability


class Open(Enum):
    """Who gets in without an ability."""

    PUBLIC = "public"  # anybody; the view checks its own key, if it has one
    SIGNED_IN = "signed_in"  # any person; the view decides about the object


PUBLIC = Open.PUBLIC
SIGNED_IN = Open.SIGNED_IN

Needs: TypeAlias = Ability | Open


@dataclass(frozen=True)
class Rule:
    """A need with more to say.

    `scope` replaces the token scope that follows from the method (GET reads, the others write). `service` names where the request
    carries the service it is about – a part of the path, else a query parameter, else a field of the body – and opens the route to
    tokens that are tied to services.
    """

    needs: Needs
    scope: str = ""
    service: str = ""


Declared: TypeAlias = Needs | Rule
Rules: TypeAlias = dict[str, Mapping[str, Declared]]  # route name → method → need; HEAD and OPTIONS follow GET


def full(declared: Declared) -> Rule:
    """`declared` as a Rule."""
    return declared if isinstance(declared, Rule) else Rule(declared)
