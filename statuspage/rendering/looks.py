"""The company's looks: its accent as a style sheet that can be read on light and dark paper, its logo, a small mark."""

import hashlib
import re

HEX = re.compile(r"#[0-9a-fA-F]{6}")
OWN = "#3d54d6"
LIGHT, DARK = "#ffffff", "#111315"  # the papers of `status.css`
READABLE = 4.5  # WCAG AA for text
LOGOS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif", "image/svg+xml": "svg"}


def colours(accent: str) -> bytes:
    """Custom properties of `accent`; a colour that could not be read on a paper is darkened or lightened until it can."""
    accent = known(accent)
    return f":root{{--mark:{accent};--accent:light-dark({readable(accent, LIGHT)},{readable(accent, DARK)})}}\n".encode()


def icon(accent: str) -> bytes:
    """What the browser shows beside the title."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><rect width="20" height="20" rx="5" '
        f'fill="{known(accent)}"/><path d="M4 11h3l2-5 3 8 2-3h2" fill="none" stroke="{ink(known(accent))}" stroke-width="1.8" '
        'stroke-linecap="round" stroke-linejoin="round"/></svg>\n'
    ).encode()


def known(accent: str) -> str:
    """`accent`, or our own when it is none."""
    return accent.lower() if HEX.fullmatch(accent) else OWN


def ink(ground: str) -> str:
    """White or black, whichever stands out on `ground`."""
    return max(("#ffffff", "#111315"), key=lambda colour: contrast(colour, ground))


def readable(colour: str, paper: str) -> str:
    """`colour`, mixed with the paper's opposite in small steps until it can be read as text."""
    towards = 0 if luminance(paper) > 0.5 else 255
    parts = channels(colour)
    for step in range(21):
        mixed = "#" + "".join(f"{round(part + (towards - part) * step / 20):02x}" for part in parts)
        if contrast(mixed, paper) >= READABLE:
            return mixed
    return mixed


def contrast(one: str, other: str) -> float:
    """WCAG's ratio, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """WCAG's relative luminance, 0 to 1."""
    red, green, blue = (part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green, blue of "#rrggbb"."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def stamp(body: bytes) -> str:
    """A short name of `body`, so that a page never meets another version's style from a browser's memory."""
    return hashlib.sha256(body).hexdigest()[:8]
