"""What of ours is broken, for the red strip of every page."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comms import channels, reasons
from comms.models import Alarm


@dataclass(frozen=True)
class Warning:
    """One line of the strip: what is broken, and where to mend it."""

    text: str
    url: str
    act: str


def warnings() -> list[Warning]:
    """Open alarms in the reader's language; one query."""
    return [Warning(describe(alarm), *mending(alarm)) for alarm in Alarm.objects.filter(cleared_at=None).order_by("raised_at")]


def describe(alarm: Alarm) -> str:
    """An alarm as a sentence."""
    values = {"channel": channels.label(alarm.subject), "count": alarm.count, "subject": alarm.subject, "words": reasons.sentence(alarm.words)}
    if alarm.code == Alarm.Code.CHANNEL_OFF:
        return _("%(channel)s is switched off: %(words)s") % values
    if alarm.code == Alarm.Code.CHANNEL_FAILING:
        return _("%(channel)s does not work: %(words)s") % values
    if alarm.code == Alarm.Code.DEAD:
        said = ngettext("%(count)s message by %(channel)s failed", "%(count)s messages by %(channel)s failed", alarm.count)
        return said % values
    if alarm.code == Alarm.Code.HELD:
        return _("Restored from a backup: what was waiting then is held, and the public page waits too")
    return _("The teams that should be told have no members, so everybody is told")


def mending(alarm: Alarm) -> tuple[str, str]:
    """Where to mend it, and what one does there."""
    if alarm.code in (Alarm.Code.CHANNEL_OFF, Alarm.Code.CHANNEL_FAILING):
        return "/settings/channels/", _("Check the channel")
    if alarm.code == Alarm.Code.DEAD:
        return "/messages/?state=dead", _("See what failed")
    if alarm.code == Alarm.Code.HELD:
        return "/messages/held/", _("Send or drop it")
    return "/teams/", _("Give the teams members")
