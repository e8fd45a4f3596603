"""What a way out of the portal is: the word that every room's `sinks.py` is written in, and the list of all of them."""

from dataclasses import dataclass
from importlib import import_module

from django.apps import apps
from django.utils.module_loading import module_has_submodule


@dataclass(frozen=True)
class Sink:
    """A page, fragment, stream, export, metric label, mail or log: anything by which words leave (design.md "Private").

    `says` is what it tells of a private incident, and to whom. `routes` are the GET routes it consists of ("*" at the end stands for
    any rest); one without routes is walked by a function of its own in the test. `is_mute`: it names no incident, not even to who may
    see it. `names_reference`: it tells the bare reference to others too, for the reason that `says` gives; never a word of it.
    """

    says: str
    routes: tuple[str, ...] = ()
    is_mute: bool = False
    names_reference: bool = False


def declared() -> dict[str, Sink]:
    """Every room's SINKS as one table. Raises ValueError for a name that two of them use."""
    found: dict[str, Sink] = {}
    for room in _rooms():
        for name, sink in room.SINKS.items():
            if name in found:
                raise ValueError(f"the sink {name} is declared twice")
            found[name] = sink
    return found


def leading_nowhere() -> set[str]:
    """The GET routes of all rooms from which no word of an incident can leave; the walk visits them all the same."""
    return {route for room in _rooms() for route in getattr(room, "LEADS_NOWHERE", ())}


def _rooms() -> list:
    with_sinks = [config for config in apps.get_app_configs() if config.module is not None and module_has_submodule(config.module, "sinks")]
    return [import_module(f"{config.name}.sinks") for config in with_sinks if hasattr(import_module(f"{config.name}.sinks"), "SINKS")]
