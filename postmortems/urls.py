"""The addresses of this room's pages."""

from django.urls import path

from postmortems.views import acting, lists, paper, reading, writing

app_name = "postmortems"
ONE = "postmortems/<str:reference>/"
urlpatterns = [
    path("postmortems/", lists.postmortem_list, name="list"),
    path("action-items/", lists.action_list, name="action-items"),
    path("action-items/<int:pk>/", acting.action, name="action"),
    path("action-items/<int:pk>/settle/", acting.action_settle, name="action-settle"),
    path(ONE, reading.postmortem, name="detail"),
    path(f"{ONE}open/", reading.open_one, name="open"),
    path(f"{ONE}presence/", reading.presence, name="presence"),
    path(f"{ONE}markdown/", reading.markdown, name="markdown"),
    path(f"{ONE}print/", paper.print_view, name="print"),
    path(f"{ONE}pdf/", paper.pdf_view, name="pdf"),
    path(f"{ONE}sections/<str:name>/", writing.section, name="section"),
    path(f"{ONE}sections/<str:name>/keep/", writing.keep, name="section-keep"),
    path(f"{ONE}sections/<str:name>/discard/", writing.discard, name="section-discard"),
    path(f"{ONE}sections/<str:name>/history/", writing.history, name="section-history"),
    path(f"{ONE}timeline/", writing.timeline, name="timeline"),
    path(f"{ONE}timeline/<int:seq>/", writing.row, name="row"),
    path(f"{ONE}actions/", acting.action_new, name="action-new"),
    path(f"{ONE}public/", acting.public, name="public"),
    path(f"{ONE}do/<slug:name>/", acting.act, name="act"),
]
