"""Pictures in the story: taken by their content, seen by who may see the incident, gone with a redaction."""

import re
import struct

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from incidents import lifecycle, picture_metadata, pictures, timeline
from incidents.models import Picture
from lib.errors import Refused
from portal import door


def chunk(name, body):
    """A chunk of a PNG; nobody here reads its sum."""
    return struct.pack(">I", len(body)) + name + body + b"sum!"


def segment(code, body):
    """A segment of a JPEG."""
    return bytes([0xFF, code]) + struct.pack(">H", len(body) + 2) + body


def riff(*parts):
    """A WebP of named chunks."""
    body = b"WEBP" + b"".join(name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2) for name, part in parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


END = chunk(b"IEND", b"")
PNG = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"size") + chunk(b"IDAT", b"picture" * 9) + END
JPEG = b"\xff\xd8" + segment(0xE0, b"JFIF\0") + segment(0xDB, b"table") + segment(0xDA, b"scan") + b"data\xff\x00data\xff\xd0data\xff\xd9"
WEBP = riff((b"VP8 ", b"picture"))
SCREEN = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"  # with a table of two colours


def extension(label, *blocks):
    """An extension of a GIF."""
    return b"\x21" + bytes([label]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def image(data=b"pixels", colours=b""):
    """An image of a GIF, with a table of colours of its own where one is given."""
    return b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0x80 if colours else 0) + colours + b"\x02" + bytes([len(data)]) + data + b"\0"


LOOP = extension(0xFF, b"NETSCAPE2.0", b"\x01\0\0")
STAYS = extension(0xF9, b"\x04\x0a\0\0")
GIF = SCREEN + LOOP + STAYS + image() + STAYS + image(colours=b"\1\2\3\4\5\6") + b"\x3b"
CONTENTS = {"image/png": PNG, "image/jpeg": JPEG, "image/gif": GIF, "image/webp": WEBP}
GPS = b"GPS 31.2304N"
EXIF = b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0) + GPS


def post(client, incident, text, *contents, **headers):
    """Send the composer with pictures, under names and types that say nothing."""
    files = [SimpleUploadedFile(f"{number}.html", content, content_type="text/html") for number, content in enumerate(contents)]
    return client.post(reverse("incidents:compose", args=[incident.reference]), {"text": text, "picture": files}, headers=headers)


@pytest.mark.parametrize("kind", CONTENTS)
def test_a_picture_is_known_by_its_content(kind):
    assert pictures.kind_of(CONTENTS[kind]) == kind


@pytest.mark.parametrize("content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b"GIF88a", PNG + b"x" * pictures.LARGEST])
def test_what_is_no_picture_or_too_large_is_refused(content):
    with pytest.raises(Refused):
        pictures.kind_of(content)


def test_a_note_with_a_picture_shows_it_and_its_bytes_come_as_an_attachment(client, responder, incident):
    client.force_login(responder)
    assert post(client, incident, "Look at the pool:", PNG).status_code == 302
    page = client.get(incident.get_absolute_url()).content.decode()
    address = re.search(r'<img [^>]*src="([^"]+)"', page)[1]
    assert address == reverse("incidents:picture", args=[incident.reference, Picture.objects.get().digest])
    leads = client.get(address)
    client.logout()
    answer = client.get(leads["Location"])  # carries its own right; no cookie is needed
    assert (answer.content, answer["Content-Type"]) == (PNG, "image/png")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert not answer.cookies


def test_an_open_address_ends_and_cannot_be_made_up(client, responder, incident, clock):
    lifecycle.note(incident, "", actor=responder, shown=[PNG])
    address = pictures.open_address(Picture.objects.get())
    assert client.get(address).status_code == 200
    clock.move("+3m")
    assert client.get(address).status_code == 404
    assert client.get(reverse("incidents:picture-content", args=["WzEsIDJd:made-up"])).status_code == 404


def test_a_picture_of_a_private_incident_is_seen_by_nobody_else(client, declare, commander, viewer):
    hidden = declare(private=True)
    lifecycle.note(hidden, "", actor=commander, shown=[PNG])
    address = reverse("incidents:picture", args=[hidden.reference, Picture.objects.get().digest])
    client.force_login(viewer)
    assert client.get(address).status_code == 404
    client.force_login(commander)
    assert client.get(address).status_code == 302


def test_a_picture_of_another_incident_is_not_found_here(client, declare, incident, responder):
    other = declare(title="Another")
    lifecycle.note(other, "", actor=responder, shown=[PNG])
    client.force_login(responder)
    assert client.get(reverse("incidents:picture", args=[incident.reference, Picture.objects.get().digest])).status_code == 404


def test_a_redaction_takes_the_picture_along(client, commander, incident):
    entry = lifecycle.note(incident, "A secret", actor=commander, shown=[PNG])
    open_already = pictures.open_address(Picture.objects.get())
    lifecycle.redact(incident, entry.seq, actor=commander, reason="a key was in sight")
    assert not Picture.objects.exists()
    assert client.get(open_already).status_code == 404


def test_a_refused_note_keeps_no_picture(client, viewer, responder, incident):
    client.force_login(responder)
    assert post(client, incident, "Fine words", b"<svg/>").status_code == 422
    assert post(client, incident, "Many", *[PNG + bytes([number]) for number in range(5)]).status_code == 422
    assert post(client, incident, "/severity P2 half", PNG).status_code == 422
    assert post(client, incident, "", **{"HX-Request": "true"}).status_code == 422
    client.force_login(viewer)
    assert post(client, incident, "No right", PNG).status_code == 403
    assert not Picture.objects.exists()
    assert incident.entries.filter(kind="incidents.note").count() == 0


def test_the_same_picture_is_kept_once_and_an_incident_holds_so_many(responder, incident, monkeypatch):
    lifecycle.note(incident, "one", actor=responder, shown=[PNG])
    lifecycle.note(incident, "two", actor=responder, shown=[PNG])
    assert Picture.objects.count() == 1
    monkeypatch.setattr(pictures, "MOST", 1)
    with pytest.raises(Refused):
        lifecycle.note(incident, "three", actor=responder, shown=[PNG + b"3"])


def test_the_chain_covers_the_picture(responder, incident):
    entry = lifecycle.note(incident, "", actor=responder, shown=[PNG])
    assert Picture.objects.get().digest in entry.body.content
    assert 'loading="lazy"' in timeline.read([entry])[0].html


@pytest.mark.parametrize(
    ("kind", "sent", "kept"),
    [
        ("image/jpeg", JPEG[:2] + segment(0xE1, EXIF[:6] + GPS) + segment(0xFE, GPS) + JPEG[2:] + JPEG[:2] + segment(0xE1, EXIF), JPEG),
        ("image/jpeg", JPEG[:2] + segment(0xE2, b"MPF\0" + GPS) + segment(0xED, GPS) + JPEG[2:], JPEG),
        ("image/png", PNG[:-12] + chunk(b"eXIf", GPS) + chunk(b"tEXt", GPS) + chunk(b"iTXt", GPS) + END + GPS, PNG),
        (
            "image/gif",
            SCREEN
            + extension(0xFE, GPS, GPS)
            + LOOP[:-1]
            + b"\x05\x02"
            + GPS[:4]
            + b"\0"
            + extension(0xFF, b"XMP DataXMP", GPS)
            + STAYS
            + image()
            + STAYS
            + extension(0x01, b"x" * 12, GPS)
            + STAYS
            + image(colours=b"\1\2\3\4\5\6")
            + extension(0xFE, GPS)
            + b"\x3b"
            + GPS,
            GIF,
        ),
        ("image/gif", SCREEN + image() + b"\0" + GPS, SCREEN + image() + b"\x3b"),
        ("image/webp", riff((b"VP8X", b"\x1c" + b"size" * 2), (b"VP8 ", b"picture"), (b"EXIF", GPS), (b"XMP ", GPS)), None),
    ],
    ids=["Exif", "other segments", "PNG", "GIF", "GIF without an end", "WebP"],
)
def test_where_a_picture_was_taken_is_left_out(client, responder, incident, kind, sent, kept):
    client.force_login(responder)
    assert post(client, incident, "", sent).status_code == 302
    stored = Picture.objects.get()
    expected = kept or riff((b"VP8X", b"\x10" + b"size" * 2), (b"VP8 ", b"picture"))
    assert (stored.kind, bytes(stored.content)) == (kind, expected)


def test_which_way_is_up_stays():
    kept = picture_metadata.stripped("image/jpeg", JPEG[:2] + segment(0xE1, EXIF) + JPEG[2:])
    assert GPS not in kept
    assert picture_metadata.stripped("image/jpeg", kept) == kept
    assert b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06" in kept


BROKEN = {
    "JPEG": JPEG[:2] + b"\xff\xe1\xff\xff" + GPS,
    "no GIF": b"GIF89a gif",
    "GIF without an image": SCREEN + LOOP + b"\x3b",
    "GIF cut off in an image": (SCREEN + image())[:-3],
    "GIF cut off in its colours": SCREEN[:-2],
    "GIF cut off in a comment": SCREEN + extension(0xFE, GPS)[:-2],
    "PNG": PNG[:-12],
    "empty": b"RIFF\x04\0\0\0WEBP",
    "WebP": WEBP[:-4],
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_picture_that_is_not_built_as_it_says_is_refused(content, responder, incident):
    with pytest.raises(Refused):
        lifecycle.note(incident, "", actor=responder, shown=[content])


def test_a_picture_cut_off_on_its_way_is_kept_as_far_as_it_came():
    assert picture_metadata.stripped("image/jpeg", JPEG[:-8]) == JPEG[:-8]


def test_a_picture_is_named_in_the_readers_language(client, responder, incident):
    client.force_login(responder)
    post(client, incident, "", PNG)
    for language, name in (("en", "Picture"), ("zh-hans", "图片")):
        client.cookies["django_language"] = language
        assert f'alt="{name}"' in client.get(incident.get_absolute_url()).content.decode()


def test_a_gif_that_stays_as_it_is_is_not_touched():
    assert picture_metadata.stripped("image/gif", GIF) == GIF


def test_as_many_pictures_as_a_note_may_have_pass_the_door(incident):
    assert door.body_cap(reverse("incidents:compose", args=[incident.reference])) >= pictures.MOST_AT_ONCE * pictures.LARGEST + 512 * 1024


def test_a_run_of_marks_in_the_data_is_read_once():
    """Looked at again from each of its bytes it would take hours."""
    run = b"\xff\xd8\xff\xda\x00\x02" + b"\xff" * 2_000_000
    assert picture_metadata.stripped("image/jpeg", run) == run
