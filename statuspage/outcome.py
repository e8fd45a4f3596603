"""What the public would read of a telling, in each language, before anything of it is public."""

from typing import Any

from django.utils import translation

from lib import clock
from lib.errors import Refused
from lib.i18n import LANGUAGES, pick
from statuspage import publishing
from statuspage.models import Component, ComponentState, Post
from statuspage.telling import Telling, checked


def outcome(told: Telling, post: Post | None) -> dict[str, Any]:
    """`sides`: title, paragraphs and components by language; `found`: words that would stop it; `refusal`: why it cannot be published at all."""
    try:
        told, hits = checked(told, all_the_same=True)
    except Refused as refused:
        return {"refusal": str(refused), "sides": [], "found": []}
    paragraphs = publishing.paragraphs(told.words(clock.now()))
    title = {**(post.title if post else {}), **told.title}
    names = dict(Component.objects.filter(service__slug__in=told.services).values_list("service__slug", "name"))
    sides = []
    for language in LANGUAGES:
        with translation.override(language):
            services = [(pick(names[slug]), str(ComponentState(state).label)) for slug, state in told.services.items() if slug in names]
        sides.append({"code": language, "title": pick(title, language), "paragraphs": paragraphs[language], "services": services})
    return {"sides": sides, "found": hits, "refusal": ""}
