"""Takes secrets out of what is kept: ingest keys in addresses, passwords and tokens in payloads."""

import re
from typing import Any

MASK = "•••"
SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|(routing|integration|service)[_-]?key$|"
    r"^pwd$|secret|token|api[_-]?key|authori[sz]ation|credential|private[_-]?key|cookie|session[_-]?id",
    re.IGNORECASE,
)
KEY_IN_PATH = re.compile(r"(/(?:ingest/[a-z]+|heartbeat)/)[^/\s?\"']+")
IN_TEXT = (
    KEY_IN_PATH,
    re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,200}:)[^\s/@]{1,200}(?=@)", re.IGNORECASE),  # user:password@ in an address
    re.compile(r"(\b(?:Bearer|Basic|GenieKey|Token)\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        r"((?:password|passwd|pwd|secret|token|(?:api|routing|private)[_-]?key|credential)\"?'?\s{0,5}[=:]\s{0,5}\"?'?)[^\s\"'&,;}]{1,500}",
        re.IGNORECASE,
    ),
)


def mask_text(text: str) -> str:
    """Free text without what looks like a secret."""
    for pattern in IN_TEXT:
        text = pattern.sub(rf"\1{MASK}", text)
    return text


def mask_value(value: Any, name: str = "") -> Any:
    """A JSON value without secrets: values under telling names, and what looks like one inside texts."""
    if isinstance(value, dict):
        return {key: mask_value(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [mask_value(item, name) for item in value]
    if SECRET_NAME.search(name) and value not in (None, ""):
        return MASK
    return mask_text(value) if isinstance(value, str) else value
