"""The addresses of this room's pages."""

from django.urls import path

from comms.views import announcements, channels, contacts, held, messages, subscribers, unsubscribe

app_name = "comms"
urlpatterns = [
    path("messages/", messages.message_list, name="messages"),
    path("messages/held/", held.held, name="held"),
    path("messages/<int:pk>/", messages.message, name="message"),
    path("messages/<int:pk>/resend/", messages.send_again, name="resend"),
    path("messages/alarms/<int:pk>/seen/", messages.alarm_seen, name="alarm-seen"),
    path("messages/announcements/", announcements.announcement_list, name="announcements"),
    path("messages/announcements/<int:pk>/", announcements.announcement, name="announcement"),
    path("messages/announcements/new/<str:reference>/", announcements.announcement_new, name="announcement-new"),
    path("messages/announcements/<int:pk>/<slug:act>/", announcements.announcement_act, name="announcement-act"),
    path("messages/subscribers/", subscribers.subscriber_list, name="subscribers"),
    path("messages/subscribers/import/", subscribers.subscriber_import, name="subscriber-import"),
    path("messages/subscribers/export/", subscribers.subscriber_export, name="subscriber-export"),
    path("messages/subscribers/<int:pk>/", subscribers.subscriber, name="subscriber"),
    path("messages/subscribers/<int:pk>/<slug:act>/", subscribers.subscriber_act, name="subscriber-act"),
    path("unsubscribe/<str:code>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("me/contact-methods/", contacts.contact_list, name="contact-methods"),
    path("me/contact-methods/<int:pk>/<slug:act>/", contacts.contact_act, name="contact-act"),
    path("settings/channels/", channels.channel_list, name="channels"),
    path("settings/channels/<slug:kind>/<slug:act>/", channels.channel_act, name="channel-act"),
]
