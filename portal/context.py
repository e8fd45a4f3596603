"""What the frame around every page shows."""

from typing import Any

from django.http import HttpRequest


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Navigation, warnings and the person's settings."""
    return {}
