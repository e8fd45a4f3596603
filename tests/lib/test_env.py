"""The environment: read once, and everything that is wrong is named at once."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from lib.env import Environment

ROOT = Path(__file__).resolve().parents[2]


def read(**source):
    return Environment(source)


def test_all_that_is_wrong_is_said_at_once_and_no_secret_with_it():
    env = read(A="maybe", B="0", C="blue", D="ftp://x", E="hunter2-no-address", F="10.0.0.0/99", G_FILE="/nowhere/at/all")
    env.flag("A")
    env.number("B", 5, low=1, high=9)
    env.choice("C", "red", {"red", "green"})
    env.url("D")
    env.database("E")
    env.networks("F")
    env.text("G")
    env.secret("H", None)
    env.attempt("I", lambda: [][0])
    with pytest.raises(ImproperlyConfigured) as caught:
        env.finish()
    text = str(caught.value)
    assert [name for name in "ABCDEFGHI" if f"  - {name}" not in text] == []
    assert "hunter2" not in text


def test_a_sound_environment_raises_nothing():
    env = read(A="on", B="7", C="green", D="https://x.example/", F="10.0.0.0/8, ::1")
    assert env.flag("A") and not env.flag("MISSING") and env.flag("MISSING", True)
    assert env.number("B", 5, low=1, high=9) == 7
    assert env.choice("C", "red", {"red", "green"}) == "green"
    assert env.url("D") == "https://x.example"
    assert env.networks("F") == ["10.0.0.0/8", "::1"]
    env.finish()


@pytest.mark.parametrize("value", ["https://", "https://x:port", "https://x:99999", "//x", "x", "https://[::1"])
def test_addresses_need_a_scheme_and_a_host(value):
    env = read(A=value)
    assert env.url("A", "https://default.example") == "https://default.example"
    assert len(env.problems) == 1


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text("from the file\n")
    env = read(SECRET_KEY_FILE=str(tmp_path / "key"))
    assert env.text("SECRET_KEY") == "from the file"
    env.finish()


def test_both_a_value_and_a_file_are_one_too_many(tmp_path):
    (tmp_path / "key").write_text("x")
    env = read(KEY="y", KEY_FILE=str(tmp_path / "key"))
    env.text("KEY")
    assert "both set" in env.problems[0]


def test_a_file_that_is_no_text_is_a_problem(tmp_path):
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    env = read(KEY_FILE=str(tmp_path / "key"))
    assert env.text("KEY", "default") == "default"
    assert len(env.problems) == 1


def test_a_made_secret_stays_and_is_for_the_owner_only(tmp_path):
    folder = tmp_path / "secrets"
    first = read().secret("SECRET_KEY", folder)
    assert len(first) >= 50
    assert read().secret("SECRET_KEY", folder) == first
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_first_starts_at_once_agree_on_one_secret(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: read().secret("SECRET_KEY", tmp_path), range(16)))
    assert len(set(made)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [("postgresql://u:p@h:5432/portal", True), ("postgres://h/portal", True), ("mysql://h/x", False), ("postgresql://h:5432/", False), ("sqlite:///x", False)],
)
def test_the_database_is_postgresql_or_unset(value, is_taken):
    env = read(DATABASE_URL=value)
    assert (env.database("DATABASE_URL") is not None) == is_taken
    assert bool(env.problems) != is_taken


def start(tmp_path, **extra):
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **extra}
    return subprocess.run([sys.executable, "-c", "import portal.settings"], cwd=ROOT, env=env, capture_output=True, text=True)


def test_the_settings_name_every_wrong_variable_in_one_go(tmp_path):
    wrong = {
        "SECRET_KEY": "short",
        "VAULT_KEYS": "a:b",
        "PORT": "eighty",
        "LOG_FORMAT": "xml",
        "REDIS_URL": "http://x",
        "SITE_URL": "http://portal.example.org",
        "ALLOWED_HOSTS": "*",
        "DEBUG": "1",
        "TLS_CERT": "/x",
        "EGRESS_ALLOW": "everything",
        "TIME_ZONE": "Mars/Olympus",
        "LANGUAGE_CODE": "tlh",
        "EMAIL_URL": "imap://x",
        "PORTAL_TESTING": "1",
        "PORTAL_FAILPOINTS": "a.b=explode",
    }
    done = start(tmp_path, **wrong)
    assert done.returncode != 0
    assert [name for name in wrong if name != "PORTAL_TESTING" and f"  - {name}" not in done.stderr] == []


def test_an_empty_environment_is_enough(tmp_path):
    done = start(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
