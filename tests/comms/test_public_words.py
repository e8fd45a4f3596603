"""Words for the public: phrases in both languages, free text, when the next update comes."""

import zoneinfo
from copy import deepcopy
from datetime import UTC, datetime

import pytest

from comms import phrases
from comms.public_words import NEXT, Words, checked
from comms.word_list import WordsFound
from incidents import playbook
from lib.errors import Refused
from lib.i18n import LANGUAGES

AT = datetime(2026, 5, 1, 14, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _rules(shipped):
    pass


def test_words_say_state_symptom_advice_own_words_and_when_the_next_comes():
    words = Words("investigating", "slow", "retry", AT, {"en": "It began after lunch.\n\nWe look at the gateway.", "zh-hans": "午后开始出现。"})
    assert words.paragraphs("en") == [
        "We are investigating a problem with our service. The service responds more slowly than usual. "
        "If something fails, please try again after a few minutes.",
        "It began after lunch.",
        "We look at the gateway.",
        "Next update by 14:30 UTC.",
    ]
    assert words.paragraphs("zh-hans") == [
        "我们发现服务出现异常，正在调查。服务响应比平时慢。如果操作失败，请过几分钟再试。",
        "午后开始出现。",
        "下次更新不晚于 14:30 UTC。",
    ]


def test_free_words_of_one_language_are_not_shown_in_the_other():
    assert "only here" not in " ".join(Words("identified", free={"en": "only here"}).paragraphs("zh-hans"))


def test_times_are_said_in_the_zone_that_is_asked_for():
    assert Words("identified", next_at=AT).paragraphs("en", zone=zoneinfo.ZoneInfo("Asia/Shanghai"))[-1] == "Next update by 22:30 UTC+8."


@pytest.mark.parametrize(
    ("state", "last"), [("investigating", "as soon as we know more"), ("resolved", "No further update"), ("withdrawn", "No further update")]
)
def test_without_a_time_the_next_update_is_when_known_or_never(state, last):
    assert last in Words(state).paragraphs("en")[-1]


def test_the_scope_names_services_and_levels_in_the_readers_language():
    words = Words("identified", services={"api-gateway": "major_outage", "cache": "partial_outage"})
    assert words.scope("en") == [("API gateway", "Outage"), ("Cache", "Partly affected")]
    assert words.scope("zh-hans")[0][1] == "服务中断"


def test_the_scope_has_public_names_and_nothing_that_is_hidden_or_unknown(mina):
    playbook.edit("components", "cache", {"name": {"en": "Fast lane"}}, actor=mina)
    playbook.edit("components", "api-gateway", {"is_hidden": True}, actor=mina)
    words = Words("identified", services={"api-gateway": "major_outage", "cache": "partial_outage", "gone": "partial_outage"})
    assert words.scope("en") == [("Fast lane", "Partly affected")]
    for slug in ("api-gateway", "gone"):
        with pytest.raises(Refused) as refused:
            checked(Words("identified", services={slug: "major_outage"}))
        assert refused.value.status == 422


def test_a_public_name_that_should_stay_inside_stops_it_too(mina):
    playbook.edit("components", "cache", {"name": {"en": "db-3.prod.internal"}}, actor=mina)
    with pytest.raises(WordsFound):
        checked(Words("identified", services={"cache": "major_outage"}))
    assert [hit.word for hit in checked(Words("identified", services={"cache": "major_outage"}), all_the_same=True)[1]] == ["db-3.prod.internal"]


def test_a_phrase_of_the_team_is_used_and_a_removed_one_reads_as_shipped(mina):
    playbook.edit("public_phrases", "symptom.slow", {"text": {"en": "Slow as honey.", "zh-hans": "慢。"}}, actor=mina)
    assert phrases.sentence("symptom.slow", "en") == "Slow as honey."
    playbook.edit("public_phrases", "symptom.slow", None, actor=mina)
    assert phrases.sentence("symptom.slow", "en") == "The service responds more slowly than usual."
    assert "slow" not in dict(phrases.choices("symptom", "en"))


def test_a_phrase_that_nobody_knows_is_an_error():
    with pytest.raises(LookupError):
        phrases.sentence("state.asleep", "en")


@pytest.mark.parametrize("group", ["state", "symptom", "advice", "next", "level"])
def test_every_group_offers_its_phrases_in_both_languages(group):
    english, chinese = (phrases.choices(group, language) for language in LANGUAGES)
    assert [name for name, _text in english] == [name for name, _text in chinese]
    assert not {text for _name, text in english} & {text for _name, text in chinese}


def test_what_one_may_choose_as_next_has_its_phrase():
    assert set(NEXT) <= {name for name, _text in phrases.choices("next")}


@pytest.mark.parametrize("wrong", ["symptom.slow {time}", "symptom.slow {"])
def test_a_phrase_with_a_hole_that_nothing_fills_is_refused(mina, wrong):
    with pytest.raises(Refused):
        playbook.edit("public_phrases", "symptom.slow", {"text": {"en": wrong}}, actor=mina)


def test_a_phrase_belongs_to_a_known_group():
    content = deepcopy(playbook.shipped_content())
    content["public_phrases"]["mood.good"] = {"text": {"en": "Fine."}}
    assert len(playbook.check(content)) == 1


def test_words_survive_being_kept():
    words = Words("identified", "errors", "", AT, {"en": "Words."}, {"api-gateway": "major_outage"}, ("cache",))
    assert Words.load(words.dump()) == words


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "asleep"},
        {"symptom": "itching"},
        {"state": ""},
        {"free": {"fr": "bonjour"}},
        {"free": {"en": 5}},
        {"free": {"en": "x" * 4001}},
        {"services": {"cache": "gone"}},
    ],
)
def test_words_that_do_not_fit_are_refused(wrong):
    with pytest.raises(Refused) as refused:
        checked(Words(**{"state": "identified", **wrong}))
    assert refused.value.status == 422


def test_words_that_should_stay_inside_stop_until_a_person_says_all_the_same():
    words = Words("identified", free={"en": "db-3.prod.internal is full"})
    with pytest.raises(WordsFound):
        checked(words)
    kept, hits = checked(words, all_the_same=True)
    assert kept == words
    assert [hit.word for hit in hits] == ["db-3.prod.internal"]
