"""People's Markdown as safe HTML, and as plain words."""

import html
import re
from functools import lru_cache, partial

import markdown
import nh3
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

LONGEST = 200_000  # characters; what is longer is shown as plain text
TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "span", "div"),
    *("strong", "em", "b", "i", "del", "s", "sub", "sup", "kbd", "ul", "ol", "li", "dl", "dt", "dd", "a"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "th": {"scope"}}
OWN_PICTURE = re.compile(r"/incidents/[A-Z0-9-]+/pictures/[0-9a-f]{64}/")
NAME_OF_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^)\n]*\)")
CLASSES = re.compile(r"highlight|[a-z][a-z0-9]{0,2}")  # Pygments' short names
EXTENSIONS = ["fenced_code", "codehilite", "tables", "sane_lists", "nl2br"]
SETTINGS = {"codehilite": {"css_class": "highlight", "guess_lang": False, "noclasses": False}}
DROPPED = {"script", "style", "iframe", "object", "embed", "template", "noscript", "svg", "math", "title", "textarea", "select"}


def render(text: str, *, pictures: bool = False) -> SafeString:
    """HTML of `text`: lists, tables, links (http, https, mailto), code in colours. No ids, styles, forms or hx-*.

    Images only with `pictures`, and then only those of the portal itself; the others leave their name.
    A picture without a name is called one in the reader's language.
    """
    return mark_safe(_rendered(text or "", _("Picture") if pictures else ""))  # noqa: S308 - nh3 has cleaned it


@lru_cache(maxsize=512)
def _rendered(text: str, nameless: str = "") -> str:
    if len(text) > LONGEST:
        return f"<pre>{html.escape(text)}</pre>"
    # The parser is made anew: it keeps state, and threads share this module.
    raw = markdown.Markdown(extensions=EXTENSIONS, extension_configs=SETTINGS, output_format="html").convert(text)
    return _clean(raw, nameless)


def _clean(raw: str, nameless: str) -> str:
    return nh3.clean(
        raw,
        tags=TAGS | {"img"} if nameless else TAGS,
        clean_content_tags=DROPPED,
        attributes={**ATTRIBUTES, "span": {"class"}, "div": {"class"}, "img": {"src", "alt"}},
        set_tag_attribute_values={"img": {"loading": "lazy"}},
        attribute_filter=partial(_attribute, nameless),
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
        generic_attribute_prefixes=set(),
    )


def _attribute(nameless: str, _tag: str, name: str, value: str) -> str | None:
    if name == "alt":
        return value or nameless
    if name == "src":
        return value if OWN_PICTURE.fullmatch(value) else None
    if name != "class":
        return value
    kept = [word for word in value.split() if CLASSES.fullmatch(word)]
    return " ".join(kept) or None


def plain(text: str) -> str:
    """The words of Markdown `text` on one line: for subjects, notifications and search."""
    named = NAME_OF_IMAGE.sub(lambda found: found[1] or _("Picture"), text or "")
    return bare(_rendered(named))


def bare(said: str) -> str:
    """The words of HTML on one line."""
    words = nh3.clean(said.replace("<br>", " ").replace("</p>", " ").replace("</li>", " "), tags=set())
    return " ".join(html.unescape(words).split())
