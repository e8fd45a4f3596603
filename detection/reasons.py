"""Why something was not taken: codes, and their sentences in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

REASONS = {
    # one alert
    "not_an_object": gettext_lazy("is not an object"),
    "bad_status": gettext_lazy("its status is neither “firing” nor “resolved”"),
    "bad_labels": gettext_lazy("its labels are no names with texts"),
    "bad_annotations": gettext_lazy("its annotations are no names with texts"),
    "no_name": gettext_lazy("has neither a name nor labels"),
    "bad_fingerprint": gettext_lazy("its fingerprint is no text of 1 to 64 characters"),
    "bad_time": gettext_lazy("holds a time that does not exist"),
    "no_title": gettext_lazy("has no title"),
    "not_text": gettext_lazy("holds something else where a text belongs"),
    "bad_dedup_key": gettext_lazy("its dedup_key is no text of 1 to 255 characters"),
    "bad_severity": gettext_lazy("its severity is none of critical, error, warning, info"),
    "missing": gettext_lazy("lacks a text that it must have"),
    "no_end": gettext_lazy("has ended but does not say when"),
    # the whole request
    "malformed": gettext_lazy("is no valid JSON"),
    "not_json": gettext_lazy("is not sent as application/json"),
    "compressed": gettext_lazy("is compressed; send it as it is"),
    "too_large": gettext_lazy("is larger than a source of its kind may send"),
    "no_alerts": gettext_lazy("holds no list of alerts"),
    "no_objects": gettext_lazy("holds neither an alert nor a list of alerts"),
    "bad_action": gettext_lazy("its event_action is none that PagerDuty knows"),
    "too_many": gettext_lazy("holds more than 50,000 alerts"),
}


def sentence(reason: str, detail: str = "") -> str:
    """The reason with what it is about, without a full stop."""
    said = str(REASONS.get(reason, reason))
    return _("%(reason)s (%(detail)s)") % {"reason": said, "detail": detail} if detail else said
