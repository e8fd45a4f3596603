"""Pictures without what they tell besides: where, when and with which camera one was taken."""

import re
import struct

SHOWN_BY_PNG = {b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT", b"cICP", b"mDCV", b"cLLI"}
SHOWN_BY_WEBP = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
WITHIN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # the next one in compressed data that is no part of it; one look at each byte
ADDED = {*range(0xE0, 0xF0), 0xFE}  # what applications add, and comments
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
ORIENTATION = 0x0112
LOOPS = {b"NETSCAPE2.0", b"ANIMEXTS1.0"}  # the applications of a GIF that say how often it runs


class Broken(Exception):
    """The content is not built as its beginning says."""


def stripped(kind: str, content: bytes) -> bytes:
    """`content` of that media type with what its looks need and nothing else. Raises Broken."""
    return {"image/jpeg": _jpeg, "image/png": _png, "image/gif": _gif, "image/webp": _webp}[kind](content)


def _jpeg(content: bytes) -> bytes:
    """Tables, frames, colour profile and which way is up; ends at the end of the first image."""
    kept, at = [content[:2]], 2
    while found := MARKER.match(content, at):
        code, start = found[1][0], found.end()
        if code == 0xD9:
            return b"".join([*kept, b"\xff\xd9"])
        if code in ALONE:
            at = start
            continue
        end = start + int.from_bytes(content[start : start + 2])
        if not start + 2 <= end <= len(content):
            break
        body = content[start + 2 : end]
        if code == 0xDA:
            following = WITHIN.search(content, end)
            if following is None:  # cut off on its way; what arrived can be seen
                return b"".join([*kept, content[at:]])
            end = following.start()
        if code == 0xE1:
            kept.append(_upright(body))
        elif code not in ADDED or code in (0xE0, 0xEE) or (code == 0xE2 and body.startswith(b"ICC_PROFILE\0")):  # JFIF, Adobe's colours
            kept.append(content[at:end])
        at = end
    raise Broken


def _upright(exif: bytes) -> bytes:
    """Of an Exif segment only which way is up, as a segment; nothing where it does not say."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or tiff == exif:
        return b""
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        entries = [struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * number) for number in range(count)]
    except struct.error:
        return b""
    turn = next((value for tag, _kind, _count, value in entries if tag == ORIENTATION and 2 <= value <= 8), None)
    if turn is None:
        return b""
    body = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, 3, 1, turn, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _png(content: bytes) -> bytes:
    """The chunks that every reader needs, and those that change colours, size or movement."""
    kept, at = [content[:8]], 8
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4])
        name = content[at + 4 : at + 8]
        if end > len(content):
            break
        if name[:1].isupper() or name in SHOWN_BY_PNG:
            kept.append(content[at:end])
        if name == b"IEND":
            return b"".join(kept)
        at = end
    raise Broken


def _webp(content: bytes) -> bytes:
    """The chunks that make the picture; the header no longer announces Exif and XMP."""
    kept, at = [], 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        if at + 8 + size > len(content):
            raise Broken
        chunk = content[at:end]
        if name == b"VP8X" and size:
            chunk = chunk[:8] + bytes([chunk[8] & ~0x0C]) + chunk[9:]
        if name in SHOWN_BY_WEBP:
            kept.append(chunk)
        at = end
    if not kept:
        raise Broken
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _gif(content: bytes) -> bytes:
    """Colours, images with how long each stays, and how often it runs; ends at the trailer, or where no block follows an image any more."""
    if len(content) < 13:
        raise Broken
    at = 13 + _colours(content[10])
    kept, before, has_image = [content[:at]], b"", False
    while (mark := content[at : at + 1]) in (b"\x21", b"\x2c"):
        label = content[at + 1 : at + 2]
        if mark == b"\x2c":
            start = at + 10 + (_colours(content[at + 9]) if at + 9 < len(content) else 0) + 1
            end = _after_blocks(content, start)
            kept += [before, content[at:end]]
            before, has_image = b"", True
        else:
            end = _after_blocks(content, at + 2)
            if label == b"\xf9":  # of the image that follows
                before = content[at:end]
            elif label == b"\xff":
                kept.append(_loop(content[at:end]))
            elif label == b"\x01":  # words that no browser shows
                before = b""
        at = end
    if not has_image:
        raise Broken
    return b"".join([*kept, b"\x3b"])


def _colours(flags: int) -> int:
    """How long the table of colours is that these flags announce."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(content: bytes, at: int) -> int:
    """Where a run of counted blocks ends. Raises Broken where it is cut off."""
    while at < len(content):
        size = content[at]
        at += 1 + size
        if not size:
            return at
    raise Broken


def _loop(extension: bytes) -> bytes:
    """Of what an application added only how often the pictures run."""
    if extension[2] == 11 and extension[3:14] in LOOPS and extension[14:16] == b"\x03\x01":
        return extension[:18] + b"\0"
    return b""
