"""Detection's addresses."""

from django.urls import path

from detection import enqueue, ingest
from detection.sources import OWN_DOORS
from detection.views import alerts, silences, sources, unplaced

app_name = "detection"

urlpatterns = [
    *(path(f"ingest/{kind}/", ingest.receive, {"kind": kind}, name=f"ingest-{kind}-bearer") for kind in OWN_DOORS),
    *(path(f"ingest/{kind}/<str:key>/", ingest.receive, {"kind": kind}, name=f"ingest-{kind}") for kind in OWN_DOORS),
    path("v2/enqueue", enqueue.receive, name="ingest-pagerduty"),
    path("v2/change/enqueue", enqueue.receive_change, name="ingest-pagerduty-change"),
    path("alerts/", alerts.alert_list, name="alerts"),
    path("alerts/act/", alerts.alerts_act, name="alerts-act"),
    path("alerts/unrouted/", unplaced.unrouted_list, name="unrouted"),
    path("alerts/set-aside/", unplaced.set_aside, name="set-aside"),
    path("alerts/set-aside/take/", unplaced.set_aside_take_all, name="set-aside-take-all"),
    path("alerts/set-aside/<int:pk>/take/", unplaced.set_aside_take, name="set-aside-take"),
    path("alerts/<int:pk>/", alerts.alert_detail, name="alert"),
    path("alerts/<int:pk>/map/", alerts.alert_map, name="alert-map"),
    path("candidates/<int:pk>/accept/", alerts.candidate_accept, name="candidate-accept"),
    path("candidates/<int:pk>/dismiss/", alerts.candidate_dismiss, name="candidate-dismiss"),
    path("settings/sources/", sources.source_list, name="sources"),
    path("settings/sources/<slug:slug>/", sources.source_detail, name="source"),
    path("settings/sources/<slug:slug>/rotate/", sources.source_rotate, name="source-rotate"),
    path("settings/sources/<slug:slug>/test/", sources.source_test, name="source-test"),
    path("settings/sources/<slug:slug>/hold/", silences.source_hold, name="source-hold"),
    path("silences/", silences.silence_list, name="silences"),
    path("silences/new/", silences.silence_new, name="silence-new"),
    path("silences/<int:pk>/end/", silences.silence_end, name="silence-end"),
    path("silences/<int:pk>/extend/", silences.silence_extend, name="silence-extend"),
    path("settings/mappings/", sources.mapping_put, name="mapping-put"),
    path("settings/mappings/under-way/", sources.mappings_under_way, name="mappings-under-way"),
    path("settings/mappings/<int:pk>/delete/", sources.mapping_delete, name="mapping-delete"),
]
