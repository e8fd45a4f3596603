"""The portal's addresses."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.api import api_urls as accounts_api
from comms.api import api_urls as comms_api
from detection.api import api_urls as detection_api
from incidents.api import api_urls as incidents_api
from portal import health, live, views
from postmortems.api import api_urls as postmortems_api
from statuspage.api import api_urls as statuspage_api

api = [*accounts_api, *incidents_api, *comms_api, *detection_api, *statuspage_api, *postmortems_api]

pages = [
    path("", views.board, name="board"),
    path("search/", views.search, name="search"),
    path("palette/", views.palette, name="palette"),
    path("strips/", views.strips, name="strips"),
    path("settings/", views.settings_index, name="settings"),
    path("choose/keys/", views.single_keys, name="keys"),
    path("live/ticket/", live.ticket, name="live-ticket"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("version", health.version, name="version"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="portal:api-schema"), name="api-docs"),
]

urlpatterns = [
    path("", include("detection.urls")),  # first: alerts come by the hundred a second
    path("accounts/", include("accounts.login_urls")),
    path("api/v1/", include((api, "api"))),
    path("", include("accounts.urls")),
    path("", include("incidents.urls")),
    path("", include("comms.urls")),
    path("", include("statuspage.urls")),
    path("", include("postmortems.urls")),
    path("", include((pages, "portal"))),
]
handler400 = "portal.errors.bad_request"
handler403 = "portal.errors.permission_denied"
handler404 = "portal.errors.page_not_found"
handler500 = "portal.errors.server_error"
