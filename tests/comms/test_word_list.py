"""What should stay inside is found before it becomes public."""

import pytest

from comms import word_list
from incidents import playbook


@pytest.fixture(autouse=True)
def _rules(shipped):
    pass


def words(text, where="en"):
    return [hit.word for hit in word_list.found({where: text})]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("postgres-0.db.svc.cluster.local is slow", "postgres-0.db.svc.cluster.local"),
        ("服务db01.internal不可用", "db01.internal"),
        ("see http://grafana.corp:3000/d/1", "grafana.corp"),
        ("on gateway-7.eu-west.example.net now", "gateway-7.eu-west.example.net"),
        ("write to ops@mail.example.net", "mail.example.net"),
        ("ＤＢ０１．ＩＮＴＥＲＮＡＬ", "db01.internal"),
        ("redis-0:6379 refuses", "redis-0:6379"),
        ("pod api-gateway-7d9f8b6c54-x2lqz died", "api-gateway-7d9f8b6c54-x2lqz"),
        ("10.0.3.17 is away", "10.0.3.17"),
        ("2001:db8::7 is away", "2001:db8::7"),
        ("This is CONFIDENTIAL.", "confidential"),
        ("此内容仅限内部使用", "仅限内部"),
        ("curl localhost", "localhost"),
    ],
)
def test_hosts_addresses_and_markings_are_found(text, word):
    assert word in words(text)


@pytest.mark.parametrize(
    "text",
    [
        "Rolled back to 5.0 at 14:30 UTC, i.e. before the next update.",
        "Since 14:30:05 about 85.5 % of requests work; p95 is 1,200 ms, e.g. for search.",
        "我们已回滚到 5.0 版本，14:30 起恢复正常。",
        "The sign-in service works again. Locals and corporate users, too.",
        "Ratio 3:2, at 10:00.",
        "Look at https://status.example.org/ or write to help@example.org.",
    ],
)
def test_plain_words_are_not(text, settings, mina):
    settings.STATUS_URL = "https://status.example.org/status"
    playbook.edit("product", "product", {"name": {"en": "Weather"}, "support_mail": "help@example.org"}, actor=mina)
    assert words(text) == []


def test_the_teams_own_words_are_found_whole_in_any_case(mina):
    playbook.edit("word_list", "customers", {"words": "Acme, 北风公司", "why": "customer", "instead": {"en": "some customers"}}, actor=mina)
    assert words("ACME cannot sign in") == ["acme"]
    assert words("客户acme无法登录") == ["acme"]
    assert words("The acmeist movement") == []
    assert words("只有北风公司受影响") == ["北风公司"]
    [hit] = word_list.found({"zh-hans": "Acme"})
    assert (hit.why, hit.where, hit.instead, hit.reason) == ("customer", "zh-hans", "some customers", "a customer’s name")


def test_each_word_is_named_once_per_text():
    hits = word_list.found({"en": "10.0.0.1 and 10.0.0.1", "zh-hans": "10.0.0.1"})
    assert [(hit.word, hit.where) for hit in hits] == [("10.0.0.1", "en"), ("10.0.0.1", "zh-hans")]


def test_it_stops_with_the_list_and_lets_pass_what_a_person_confirmed():
    texts = {"en": "10.0.0.1 is away"}
    with pytest.raises(word_list.WordsFound) as stopped:
        word_list.require(texts)
    assert stopped.value.status == 409
    assert stopped.value.extra["words"] == [{"word": "10.0.0.1", "why": "address", "where": "en", "instead": ""}]
    assert [hit.word for hit in word_list.require(texts, all_the_same=True)] == ["10.0.0.1"]
    assert word_list.require({"en": "All is well."}) == []


def test_a_long_text_of_dots_is_looked_at_quickly():
    assert words(("a." * 2000) + ("1:" * 2000) + ("a-" * 2000)) == []
