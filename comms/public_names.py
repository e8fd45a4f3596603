"""What services are called outside, and of which the public may hear: the playbook's services under the words of its components."""

from collections.abc import Mapping

from incidents import playbook

COMPONENTS = "components"  # section of the playbook


def shown() -> dict[str, dict[str, str]]:
    """The public name, by language, of every service that is not hidden: {slug: name}."""
    rules = playbook.current()
    items = rules.items(COMPONENTS)
    return {
        slug: {**service.name, **filled(items.get(slug, {}).get("name"))}
        for slug, service in rules.services.items()
        if not items.get(slug, {}).get("is_hidden", False)
    }


def filled(text: Mapping[str, str] | None) -> dict[str, str]:
    """A text in the languages that somebody filled in; the service's own words stand for the others."""
    return {language: words for language, words in (text or {}).items() if words.strip()}
