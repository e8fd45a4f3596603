"""The system's libraries and fonts that drawing needs, and what to install where they are missing."""

import ctypes.util
import shutil
import subprocess
from functools import cache

INSTALL = "install pango (Debian: libpango-1.0-0 libpangoft2-1.0-0)"
INSTALL_FONT = "install a Chinese font (Debian: fonts-noto-cjk)"


@cache
def missing() -> str:
    """What to install before anything can be drawn; "" when all is there."""
    return "" if all(_is_there(name) for name in ("pango-1.0", "pangoft2-1.0")) else INSTALL


def _is_there(name: str) -> bool:
    return bool(ctypes.util.find_library(name) or ctypes.util.find_library(f"{name}-0"))


@cache
def missing_font() -> str:
    """What to install so that Chinese is drawn; "" when a font has it, or nobody here can tell."""
    program = shutil.which("fc-list")
    if program is None:
        return ""
    try:
        found = subprocess.run([program, ":lang=zh-cn", "family"], capture_output=True, timeout=20, check=False)  # noqa: S603 - a fixed question
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if found.stdout.strip() else INSTALL_FONT
