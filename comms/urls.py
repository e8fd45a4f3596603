"""The addresses of this room's pages."""

from django.urls import path

from comms.views import channels, contacts, held, messages

app_name = "comms"
urlpatterns = [
    path("messages/", messages.message_list, name="messages"),
    path("messages/held/", held.held, name="held"),
    path("messages/<int:pk>/", messages.message, name="message"),
    path("messages/<int:pk>/resend/", messages.send_again, name="resend"),
    path("messages/alarms/<int:pk>/seen/", messages.alarm_seen, name="alarm-seen"),
    path("me/contact-methods/", contacts.contact_list, name="contact-methods"),
    path("me/contact-methods/<int:pk>/<slug:act>/", contacts.contact_act, name="contact-act"),
    path("settings/channels/", channels.channel_list, name="channels"),
    path("settings/channels/<slug:kind>/<slug:act>/", channels.channel_act, name="channel-act"),
]
