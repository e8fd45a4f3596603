"""The portal's addresses and one more: a view of one SELECT, the yardstick of all pages."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from incidents.models import Incident
from portal.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def one_select(request: HttpRequest) -> HttpResponse:
    """What any page costs at the least: all middleware, the session, one row."""
    return HttpResponse(str(Incident.objects.values_list("title", flat=True).first()))


urlpatterns = [path("bench/select/", one_select, name="bench-select"), *urlpatterns]
