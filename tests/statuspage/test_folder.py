"""The published folder: each file old or new and whole, whoever dies or looks meanwhile."""

import threading
from pathlib import Path

import pytest

from lib import failpoints
from statuspage import files
from statuspage.folder import Folder

ROUNDS, READERS = 40, 6


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "status")


def write(folder: Folder, wanted: dict[str, bytes]) -> int:
    with folder.held():
        return folder.write(wanted)


def lying(folder: Folder) -> set[str]:
    return {str(path.relative_to(folder.root)) for path in folder.root.rglob("*") if path.is_file()}


def test_only_what_changed_is_written_and_what_vanished_goes_with_its_folders(folder):
    assert write(folder, {"index.html": b"a", "en/index.html": b"b", "incidents/x/index.html": b"c"}) == 3
    before = (folder.root / "en/index.html").stat()
    assert write(folder, {"index.html": b"a2", "en/index.html": b"b"}) == 2
    after = (folder.root / "en/index.html").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert lying(folder) == {"index.html", "en/index.html"} and not (folder.root / "incidents").exists()
    assert folder.digest() == Folder(folder.root).digest() == files.digest({"index.html": files.etag(b"a2"), "en/index.html": files.etag(b"b")})


def test_what_others_put_there_is_left_alone(folder):
    for path in ("robots.txt", ".well-known/security.txt", "shop/index.html", "en/notes.txt~"):
        (folder.root / path).parent.mkdir(parents=True, exist_ok=True)
        (folder.root / path).write_text("theirs")
    write(folder, {"index.html": b"a"})
    assert lying(folder) == {"robots.txt", ".well-known/security.txt", "shop/index.html", "en/notes.txt~", "index.html"}
    assert set(folder.etags()) == {"index.html"}


def test_entrances_come_after_what_they_lead_to(folder, monkeypatch):
    written = []
    monkeypatch.setattr(folder, "_put", lambda path, body: written.append(path))
    names = ["index.html", "fresh.json", "en/index.html", "assets/status.css", "en/incidents/x/index.html", "api/v2/summary.json", "en/history/index.html"]
    write(folder, dict.fromkeys(names, b"x"))
    assert written[:2] == ["api/v2/summary.json", "assets/status.css"]
    assert written[2:] == ["en/incidents/x/index.html", "en/history/index.html", "en/index.html", "index.html", "fresh.json"]


def test_a_crash_between_leaves_old_or_new_files_and_the_next_writer_cleans_up(folder, settings):
    old = {"index.html": b"old", "en/index.html": b"old", "fresh.json": b"old"}
    write(folder, old)
    settings.FAILPOINTS = "statuspage.before_rename=raise"
    with pytest.raises(failpoints.FailpointHit):
        write(folder, dict.fromkeys(old, b"new"))
    assert {path: (folder.root / path).read_bytes() for path in old} == old
    assert any(name.endswith(".new") for name in lying(folder))
    settings.FAILPOINTS = "statuspage.between_files=raise"
    with pytest.raises(failpoints.FailpointHit):
        write(folder, dict.fromkeys(old, b"new"))
    assert (folder.root / "en/index.html").read_bytes() == b"new" and (folder.root / "index.html").read_bytes() == b"old"
    settings.FAILPOINTS = ""
    assert write(folder, dict.fromkeys(old, b"new")) == 2
    assert lying(folder) == set(old)


def test_readers_see_whole_files_only(folder):
    editions = [{path: f"{number}:{path}:".encode() * 4000 for path in ("index.html", "en/index.html", "api/v2/summary.json")} for number in range(2)]
    write(folder, editions[0])
    done, seen, torn = threading.Event(), [], []

    def read() -> None:
        while not done.is_set():
            for path in editions[0]:
                body = Path(folder.root / path).read_bytes()
                seen.append(path)
                if body not in (editions[0][path], editions[1][path]):
                    torn.append((path, len(body)))

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    for number in range(1, ROUNDS + 1):
        assert write(folder, editions[number % 2]) == 3
    done.set()
    for reader in readers:
        reader.join()
    assert seen and not torn
