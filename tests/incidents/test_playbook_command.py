"""`manage.py playbook load|dump|check|diff`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from incidents import playbook


def run(*words):
    out = StringIO()
    call_command("playbook", *words, stdout=out)
    return out.getvalue()


def test_load_twice_is_once():
    assert "in force already" in run("load")


def test_dump_edit_check_load_and_compare(tmp_path):
    file = tmp_path / "playbook.json"
    run("dump", str(file))
    content = json.loads(file.read_text())
    assert content == json.loads(run("dump")) == playbook.current().content
    assert "nothing is wrong" in run("check", str(file))
    content["cadences"]["war_room"]["every"]["P1"] = 600
    file.write_text(json.dumps(content))
    assert "is in force" in run("load", str(file))
    assert playbook.current().cadence("war_room", "P1") == 600
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("playbook", "diff", stdout=out)
    assert ended.value.code == 1
    assert "changed cadences/war_room" in out.getvalue()


def test_as_shipped_says_so():
    assert "as shipped" in run("diff")
    assert "nothing is wrong" in run("check")


BAD = [("{", "no JSON"), ('{"pets": {}}', "there is no such section"), ("[]", "sections by name"), ('{"a": 1, "a": 2}', "no JSON")]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_bad_file_is_refused_in_words(tmp_path, text, said):
    file = tmp_path / "bad.json"
    file.write_text(text)
    for act in ("check", "load"):
        with pytest.raises(CommandError, match=said):
            run(act, str(file))
    assert playbook.diff() == []


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        run("check", str(tmp_path / "nothing.json"))
