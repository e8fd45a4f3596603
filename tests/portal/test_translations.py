"""The Chinese texts are complete, compiled, fit their placeholders, and keep to the term base."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils import translation

from portal import translations

PO = Path(settings.BASE_DIR) / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
NAMED = re.compile(r"%\(\w+\)[sd]|\{\w+\}")

# Where the English says the first, the Chinese says the second (ui.md "Words").
TERMS = [
    (r"\bfalse alarm|\bdismiss", "误报"),
    (r"\bpost-?mortem", "复盘"),
    (r"\broll(ed|ing|s)?[ -]?back", "回滚"),
    (r"\bmitigated", "已止损"),
    (r"\bupdates? (are |is )?(due|owed)", "待发通报"),
    (r"\balerts? set aside", "未接收"),
    (r"\bI['’]m on it|\backnowledg|\btook it on|\btaking on|\btaken on|\btake on|\bnobody has (it|%\()", "接手"),
    (r"\bconfirm(ed)? (that )?it['’]?s? (is )?real", "确认属实"),
    (r"\bwhy was I called", "为什么叫我"),
    (r"\bsent messages", "发出的消息"),
    (r"\bfull rollout", "全量发布"),
    (r"\bdrills?\b|\bexercise\b", "演练"),
    (r"\bon-call\b", "值班"),
    (r"\bwar room", "作战室"),
    (r"\bcommander", "指挥官"),
    (r"\bplaybook['’]s rhythm|\bplaybook %|\bthe playbook\b", "应急手册"),
    (r"\bmilestone", "里程碑"),
    (r"\btimeline|\bstory\b", "时间线"),
    (r"\bcall (the|anyone|next|now)\b|\bcalls\b", "呼叫"),
    (r"\balert sources?\b", "告警来源"),
    (r"\baudit trail", "审计日志"),
    (r"\b(an|the|this|open|private|another|past|related|all|no) incidents?\b", "故障|事故"),
]
# Said in Chinese nowhere: other tools' words for the same things, and the polite form, which the product does not use.
NEVER = ["您", "寻呼", "隔离", "事后分析", "演习", "剧本", "义务", "全量切换", "轮值", "回退", "确认接手", "认领"]
STATES = {
    ("state", "Diagnosing"): "排查中",
    ("state", "Fixing"): "修复中",
    ("state", "Verifying"): "验证中",
    ("state", "Watching"): "稳定观察",
    ("state", "Dismissed"): "误报",
    ("phase", "Investigating"): "排查",
    ("phase", "Fixing"): "修复",
    ("phase", "Verifying"): "验证",
    ("phase", "Watching"): "观察",
}


@cache
def entries() -> list[polib.POEntry]:
    return [entry for entry in polib.pofile(str(PO)) if not entry.obsolete]


def pairs() -> Iterator[tuple[str, str]]:
    """Each English text with each of its Chinese ones."""
    for entry in entries():
        for text in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            yield entry.msgid, text


def test_every_text_is_translated_and_none_is_a_guess() -> None:
    assert [entry.msgid for entry in entries() if not entry.translated() or entry.fuzzy or entry.previous_msgid] == []


def test_the_compiled_catalogue_holds_what_the_source_says() -> None:
    compiled = polib.mofile(str(PO.with_suffix(".mo")))
    assert translations.compiled(compiled) == translations.compiled(polib.pofile(str(PO)))


def test_there_is_one_plural_form_and_no_name_or_date_in_the_header() -> None:
    header = polib.pofile(str(PO)).metadata
    assert header["Language"] == "zh_Hans" and header["Plural-Forms"] == "nplurals=1; plural=0;" and "UTF-8" in header["Content-Type"]
    assert not {"POT-Creation-Date", "PO-Revision-Date", "Last-Translator", "Language-Team"} & set(header)
    assert {tuple(entry.msgstr_plural) for entry in entries() if entry.msgid_plural} <= {(0,)}


def test_a_translation_fills_in_what_its_source_fills_in() -> None:
    for entry in entries():
        ways = (translations.placeholders(entry.msgid), translations.placeholders(entry.msgid_plural or entry.msgid))
        for text in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
            assert translations.placeholders(text) in ways, entry.msgid


def test_a_formatted_translation_can_be_formatted() -> None:
    for entry in entries():
        english = entry.msgid_plural or entry.msgid
        names, unnamed = re.findall(r"%\((\w+)\)", english), re.findall(r"(?<!%)%[sd]", english)
        for chinese in (entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]) if names or unnamed else []:
            assert chinese % (dict.fromkeys(names, 1) if names else (1,) * len(unnamed)), english


@pytest.mark.parametrize(("english", "chinese"), TERMS, ids=[chinese for _english, chinese in TERMS])
def test_a_term_is_said_as_the_term_base_says_it(english: str, chinese: str) -> None:
    said, wanted = re.compile(english, re.IGNORECASE), re.compile(chinese)
    assert [pair for pair in pairs() if said.search(pair[0]) and not wanted.search(pair[1])] == []


def test_taking_on_and_confirming_are_two_words() -> None:
    taking = re.compile(r"\bI['’]m on it|\backnowledg|\btook it on|\btaking on|\btake on", re.IGNORECASE)
    assert [pair for pair in pairs() if taking.search(pair[0]) and "确认" in pair[1]] == []
    assert ("I'm on it", "接手") in set(pairs()) and ("Confirm it's real", "确认属实") in set(pairs())


def test_states_and_phases_have_their_names() -> None:
    known = {(entry.msgctxt, entry.msgid): entry.msgstr for entry in entries()}
    assert {key: known[key] for key in STATES} == STATES


def test_no_word_of_another_tool_and_no_polite_form() -> None:
    assert [pair for pair in pairs() for word in NEVER if word in pair[1]] == []


def test_punctuation_beside_chinese_is_chinese() -> None:
    half = re.compile(r"[\u4e00-\u9fff] ?[,;?!()\"']|[,;?!()\"'] ?[\u4e00-\u9fff]|[\u4e00-\u9fff]: |[\u4e00-\u9fff]\.$")
    assert [pair for pair in pairs() if half.search(NAMED.sub("X", pair[1]))] == []


def test_a_sentence_ends_as_one() -> None:
    assert [pair for pair in pairs() if re.search(r"[a-z]{3} .*[a-z]\.$", pair[0]) and not pair[1].endswith(("。", "？", "！"))] == []


def test_the_portal_speaks_chinese() -> None:
    with translation.override("zh-hans"):
        assert translation.gettext("False alarm") == "误报"
        assert translation.ngettext("%(count)s user", "%(count)s users", 2) == "%(count)s users"  # not a text of ours: told as it is
        assert translation.pgettext("state", "Watching") == "稳定观察"


def test_texts_are_found_where_gettext_finds_them_and_inside_f_strings() -> None:
    source = 'x = f"{_(\'inside\')}"; y = ngettext("one", "many", n); z = pgettext("place", "here")'
    assert set(translations.of_python(source)) == {(("", "inside"), ""), (("", "one"), "many"), (("place", "here"), "")}
    template = "{% load i18n %}{% translate 'one' context 'place' %}{% blocktranslate count n=n %}a {{ n }}{% plural %}b {{ n }}{% endblocktranslate %}"
    assert list(translations.of_template(template)) == [(("place", "one"), ""), (("", "a %(n)s"), "b %(n)s")]


def test_an_update_keeps_what_is_translated_and_guesses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    old = polib.POFile()
    old.extend([polib.POEntry(msgid="Stays", msgstr="留下"), polib.POEntry(msgid="Gone", msgstr="没了")])
    old.save(str(path))
    came, went = translations.update(path, {("", "Stays"): translations.Source("a.py"), ("", "Stays on"): translations.Source("b.py")})
    assert (came, went) == (1, 1)
    assert [(entry.msgid, entry.msgstr, entry.fuzzy) for entry in polib.pofile(str(path))] == [("Stays", "留下", False), ("Stays on", "", False)]
    assert len(translations.problems(path, {("", "Stays"): translations.Source("a.py")})) == 3  # not translated, left over, not compiled
