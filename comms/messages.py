"""The kinds of messages that comms sends, and how its entries read on a timeline."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from comms import announcement_texts, channels, notice_texts, reasons
from comms.catalogue import Content, MessageKind, Occasion, label
from comms.models import Audience
from incidents.catalogue import Sentence, moment
from lib.i18n import strung

Data = Mapping[str, Any]


def _code(occasion: Occasion) -> Content:
    return Content(
        subject=_("Your code is %(code)s") % {"code": occasion.params["code"]},
        lead=_("Type this code on your page to confirm that this address reaches you: %(code)s") % {"code": occasion.params["code"]},
        link=f"{settings.SITE_URL}/me/contact-methods/",
        link_label=_("Your contact methods"),
        why=_("The code works for 30 minutes. If you did not ask for it, ignore this message."),
    )


def _test(occasion: Occasion) -> Content:
    return Content(
        subject=_("Test message from the incident portal"),
        lead=_("This channel works: messages reach you here."),
        why=_("%(person)s asked for this test.") % {"person": occasion.params.get("asked_by", "")},
    )


def _invitation(occasion: Occasion) -> Content:
    return Content(
        subject=_("You are invited to the incident portal"),
        lead=_("%(person)s invites you to the incident portal.") % {"person": occasion.params.get("inviter") or _("An administrator")},
        link=occasion.params["url"],
        link_label=_("Accept the invitation"),
        why=_("The link works once, for %(days)s days. If you did not expect it, ignore this message.") % {"days": occasion.params.get("days", 7)},
    )


def _password_reset(occasion: Occasion) -> Content:
    return Content(
        subject=_("Set a new password"),
        lead=_("Somebody, hopefully you, asked for a new password."),
        link=occasion.params["url"],
        link_label=_("Set a new password"),
        why=_("The link works once, for %(minutes)s minutes. If you did not ask for it, ignore this message.")
        % {"minutes": occasion.params.get("minutes", 60)},
    )


def _account_changed(occasion: Occasion) -> Content:
    what = {"password": _("password"), "email": _("e-mail address"), "second_factor": _("second factor")}[occasion.params["what"]]
    return Content(
        subject=_("Your account was changed"),
        lead=_("This was changed in your account: %(what)s") % {"what": what},
        link=f"{settings.SITE_URL}/me/",
        link_label=_("Look at your account"),
        why=_("If this was not you, tell an administrator at once."),
    )


MESSAGES = {
    "notice.declared": MessageKind(gettext_lazy("Incident declared"), notice_texts.declared),
    "notice.raised": MessageKind(gettext_lazy("Severity raised"), notice_texts.raised),
    "notice.recovered": MessageKind(gettext_lazy("Recovered by itself"), notice_texts.recovered),
    "notice.fires_again": MessageKind(gettext_lazy("Fires again"), notice_texts.fires_again),
    "notice.reopened": MessageKind(gettext_lazy("Reopened"), notice_texts.reopened),
    "notice.not_recovered": MessageKind(gettext_lazy("Not recovered"), notice_texts.not_recovered),
    "notice.no_commander": MessageKind(gettext_lazy("Nobody commands yet"), notice_texts.no_commander),
    "notice.over": MessageKind(gettext_lazy("Incident over"), notice_texts.over),
    "notice.still_on_it": MessageKind(gettext_lazy("Still on it?"), notice_texts.still_on_it),
    "notice.lapsed": MessageKind(gettext_lazy("Nobody has it"), notice_texts.lapsed),
    "notice.update": MessageKind(gettext_lazy("Update"), notice_texts.update),
    "users.announcement": MessageKind(gettext_lazy("Mail to the users"), announcement_texts.render),
    "contact.code": MessageKind(gettext_lazy("Code for a contact method"), _code, is_secret=True),
    "channel.test": MessageKind(gettext_lazy("Test message"), _test),
    "account.invitation": MessageKind(gettext_lazy("Invitation"), _invitation, is_secret=True),
    "account.password_reset": MessageKind(gettext_lazy("New password"), _password_reset, is_secret=True),
    "account.changed": MessageKind(gettext_lazy("Account changed"), _account_changed),
}


def _audience(data: Data) -> str:
    return str(dict(Audience.choices).get(data.get("audience", ""), data.get("audience", "")))


def _updated(data: Data) -> str:
    if data.get("promised"):
        return _("Update to the %(audience)s; the next one is promised for %(time)s") % {"audience": _audience(data), "time": moment(data["promised"])}
    return _("Update to the %(audience)s") % {"audience": _audience(data)}


def _told(data: Data) -> str:
    people = data.get("people", 0)
    said = ngettext("“%(what)s” goes to %(count)s person by %(channel)s", "“%(what)s” goes to %(count)s people by %(channel)s", people)
    return said % {"what": label(data.get("kind", "")), "count": people, "channel": channels.label(data.get("channel", ""))}


def _told_why(data: Data) -> str:
    return {
        "response_teams": _("The playbook tells every response team of this severity."),
        "owner_team": _("The playbook tells the team that owns what is hit."),
        "owner_lead": _("The playbook tells who leads the team that owns what is hit."),
        "no_lead": _("Nobody leads the team that owns what is hit, so all of it is told."),
        "nobody_else": _("No team that should be told has members, so everybody who may respond is told."),
        "named": _("The incident is private: only people who may see it are told."),
        "told": _("Whoever was told of it is told this, too."),
        "backup": _("A P1 without a commander goes to the backup."),
        "response_lead": _("There is no backup commander, so who leads a response team is told."),
        "has_it": _("Who has it is asked for a sign of life."),
    }.get(data.get("why", ""), "")


def _users_told(data: Data) -> str:
    count = sum(data.get("readers", {}).values())
    said = ngettext("A mail to the users leaves, for %(count)s reader", "A mail to the users leaves, for %(count)s readers", count) % {"count": count}
    return strung([said, _("the next one is promised for %(time)s") % {"time": moment(data["promised"])}]) if data.get("promised") else said


def _users_sending(data: Data) -> str:
    count = sum(data.get("readers", {}).values())
    said = ngettext("A mail to %(count)s user leaves at %(time)s", "A mail to %(count)s users leaves at %(time)s", count)
    return said % {"count": count, "time": moment(data.get("leaves"))}


def _by_the_playbook(data: Data) -> str:
    return _("The playbook sends it by itself once an incident of this severity is confirmed.") if data.get("auto") else ""


def _missed_why(data: Data) -> str:
    return {
        "promise": _("It was promised."),
        "condition": _("The playbook asks that they hear of an incident like this."),
    }.get(data.get("because", ""), _("The playbook's rhythm asks for one."))


TIMELINE = {
    "comms.update": Sentence("message", "message", _updated),
    "comms.update_missed": Sentence(
        "message",
        "late",
        lambda data: _("No update to the %(audience)s: it was due at %(time)s") % {"audience": _audience(data), "time": moment(data["due"])},
        _missed_why,
    ),
    "comms.users_prepared": Sentence(
        "message",
        "message",
        lambda data: _("A mail to the users lies ready as a draft"),
        lambda data: _("The playbook leaves the last word to a person.") if data.get("auto") else "",
    ),
    "comms.users_sending": Sentence("message", "message", _users_sending, _by_the_playbook),
    "comms.users_told": Sentence("message", "message", _users_told, _by_the_playbook),
    "comms.users_nobody": Sentence("message", "message", lambda data: _("Nobody subscribes to hear of it; the mail to the users reached nobody")),
    "comms.users_stopped": Sentence("message", "message", lambda data: _("The mail to the users was stopped; what had left has left")),
    "comms.users_undone": Sentence("message", "message", lambda data: _("The mail to the users was taken back before it left")),
    "comms.told": Sentence("message", "message", _told, _told_why),
    "comms.not_delivered": Sentence(
        "message",
        "message",
        lambda data: (
            _("“%(what)s” did not reach %(person)s by %(channel)s")
            % {"what": label(data.get("kind", "")), "person": data.get("person", ""), "channel": channels.label(data.get("channel", ""))}
        ),
        lambda data: reasons.sentence(str(data.get("answer", ""))),
    ),
}
