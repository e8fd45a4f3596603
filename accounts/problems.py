"""How the REST API refuses: RFC 9457 problems."""

from rest_framework.views import exception_handler as problem

__all__ = ["problem"]
