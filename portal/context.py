"""What the frame around every page shows."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts import preferences
from comms import health
from lib import clock, heartbeats, times
from portal import navigation

THEMES = ("", "light", "dark")
LANGUAGES = (("en", "English"), ("zh-hans", "简体中文"))
ENGINES = ("engine", "worker.")
MODULES = ("time", "menus", "keys", "palette", "live")


def silence() -> list[health.Warning]:
    """A warning when the engine has shown no sign of life: nothing that is due happens by itself then."""
    age = min((age for name, age in heartbeats.ages().items() if name.startswith(ENGINES)), default=None)
    if age is None or age <= heartbeats.SILENT_SECONDS:
        return []
    said = _("The engine has been silent for %(time)s: no message goes out and no step falls due. Start it again (make run, or the worker service).")
    return [health.Warning(said % {"time": times.span(age)}, "/readyz", _("Look"))]


class Chrome:
    """The frame of one request; each part is computed when the template asks."""

    def __init__(self, request: HttpRequest, *, nobody: bool = False):
        self.request = request
        self.user = None if nobody else getattr(request, "user", None)

    @cached_property
    def is_signed_in(self) -> bool:
        """Whether there is a person at all."""
        return bool(self.user is not None and self.user.is_authenticated)

    @property
    def name(self) -> str:
        """The product's name in the frame and in titles."""
        return _("Incident Portal")

    @cached_property
    def theme(self) -> str:
        """ "", "light" or "dark"."""
        return preferences.theme(self.request) if self.user is not None else ""

    @property
    def htmx_config(self) -> str:
        """What htmx may do (trust.md "Browser")."""
        return json.dumps(settings.HTMX_CONFIG)

    @property
    def modules(self) -> list[str]:
        """The behaviours every page carries."""
        return [f"portal/js/{name}.js" for name in MODULES]

    @property
    def single_keys(self) -> bool:
        """Whether single-letter keys act."""
        return getattr(self.user, "single_keys", True)

    @cached_property
    def nav(self) -> list[navigation.Link]:
        """The rail."""
        return navigation.open_to(navigation.NAV, self.user, self.request.path) if self.is_signed_in else []

    @cached_property
    def foot(self) -> list[navigation.Link]:
        """What stands below the rail."""
        return navigation.open_to(navigation.FOOT, self.user, self.request.path) if self.is_signed_in else []

    @property
    def more(self) -> list[navigation.Link]:
        """What the bottom bar of a phone has no room for."""
        return self.nav[4:] + self.foot

    @property
    def personal(self) -> list[navigation.Link]:
        """The menu behind one's own name."""
        return navigation.open_to(navigation.PERSONAL, self.user) if self.is_signed_in else []

    @property
    def settings_nav(self) -> list[navigation.Group]:
        """The pages of the settings."""
        return navigation.settings_groups(self.user, self.request.path) if self.is_signed_in else []

    @property
    def query(self) -> str:
        """What is being searched for."""
        return self.request.GET.get("q", "") if self.request.path == "/search/" else ""

    @property
    def languages(self) -> list[dict[str, Any]]:
        """The languages, each by its own name; none where nobody can choose."""
        if self.user is None:
            return []
        return [{"code": code, "label": label, "here": get_language() == code} for code, label in LANGUAGES]

    @property
    def themes(self) -> list[dict[str, Any]]:
        """The themes."""
        labels = {"": _("As the system"), "light": _("Light"), "dark": _("Dark")}
        return [{"code": code, "label": labels[code], "here": self.theme == code} for code in THEMES]

    @property
    def is_plain_http(self) -> bool:
        """Whether what is typed here travels in clear."""
        return not settings.SECURE

    @property
    def warnings(self) -> list[Any]:
        """What of ours is broken: the engine's silence, and the alarms of channels and messages."""
        return [*silence(), *health.warnings()] if self.is_signed_in else []

    @property
    def keys(self) -> list[dict[str, Any]]:
        """The list behind `?`."""
        links = [*self.nav, *navigation.open_to(navigation.OTHER, self.user)] if self.is_signed_in else []
        return [{"strokes": link.keys.split(), "label": link.label} for link in links if link.keys] + [
            {"strokes": ["j", "k"], "label": _("Next, previous row")},
            {"strokes": ["x"], "label": _("Select the row")},
            {"strokes": ["a"], "label": _("I'm on it (acknowledge)")},
            {"strokes": ["r"], "label": _("Resolve")},
            {"strokes": ["c"], "label": _("Write a note")},
            {"strokes": ["/"], "label": _("Search")},
            {"strokes": ["Ctrl", "K"], "label": _("Commands")},
            {"strokes": ["?"], "label": _("This list")},
        ]

    @property
    def words(self) -> dict[str, Any]:
        """What the scripts say, and the time they count from."""
        return {
            "stamp": _("%(time)s UTC, %(date)s"),
            "server": clock.now().timestamp(),
            "now": _("just now"),
            "soon": _("in a moment"),
            "ago": _("%s ago"),
            "in": _("in %s"),
            "left": _("%s left"),
            "over": _("%s over"),
            "units": {"s": _("%d s"), "min": _("%d min"), "h": _("%d h"), "d": _("%d d")},
            "live": _("Live"),
            "catching": _("Catching up"),
            "away": _("Connection lost"),
            "copied": _("Copied"),
            "undo": _("Undo"),
            "zone": timezone.get_current_timezone_name(),
            "routes": {link.keys.split()[-1]: link.path for link in self.nav if link.keys} | {"declare": "/incidents/declare/"},
            "resolving": _("Resolving %s"),
            "taking": _("Taking on %s"),
            "unsent": _("Not sent. What you wrote is still here; try again."),
            "signedOut": _("You are signed out. Sign in to see what is new."),
            "automatic": _("%d automatic entries"),
            "newest": _("Newest"),
            "oneNew": _("%d new"),
            "manyNew": _("%d new"),
            "nothing": _("Nothing of that name"),
        }

    def __getattr__(self, name: str) -> str:
        """`keys_url`, `palette_url`: the frame's own addresses."""
        if name.endswith("_url"):
            try:
                return reverse(f"portal:{name.removesuffix('_url')}")
            except NoReverseMatch:
                return ""
        raise AttributeError(name)


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Navigation, warnings and the person's settings."""
    return {"chrome": Chrome(request)}
