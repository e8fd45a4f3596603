"""Statuspage's addresses in the console; what lies below `/status/` is served by the front door."""

from django.urls import path

from statuspage.views import components, posts, preview

app_name = "statuspage"

urlpatterns = [
    path("public/", posts.post_list, name="list"),
    path("public/components/", components.component_list, name="components"),
    path("public/components/<slug:slug>/state/", components.component_state, name="component-state"),
    path("settings/components/<slug:slug>/", components.component_edit, name="component"),
    path("settings/public-page/", components.page_edit, name="page"),
    path("incidents/<reference:reference>/public/", posts.incident_public, name="incident"),
    path("incidents/<reference:reference>/public/preview/", preview.draft_preview, name="preview"),
    path("incidents/<reference:reference>/public/preview/page/<path:name>", preview.preview_file, name="preview-file"),
]
