"""Sections: versions, who was overtaken, what is kept while typing, frozen words, editions."""

import threading

import pytest
from django.db import connection

from lib.errors import Forbidden, Refused
from postmortems import sections
from postmortems.models import SectionVersion, Writing


@pytest.fixture
def section(postmortem):
    """A section that a review needs."""
    return sections.named(postmortem, "went_well")


def test_each_save_is_a_version_and_the_same_words_are_none(section, commander, lead):
    sections.save(section, "First", base=0, actor=commander)
    sections.save(section, "Second", base=1, actor=lead)
    assert sections.save(section, "Second", base=0, actor=lead).number == 2
    rows = SectionVersion.objects.filter(section=section).order_by("number").values_list("number", "text", "author__username")
    assert list(rows) == [(1, "First", "cara"), (2, "Second", "lena")]


def test_who_was_overtaken_is_told_and_keeps_the_words(section, commander, lead):
    sections.save(section, "Theirs", base=0, actor=lead)
    with pytest.raises(sections.Overtaken) as overtaken:
        sections.save(section, "Mine", base=0, actor=commander)
    assert (overtaken.value.status, overtaken.value.text, overtaken.value.section.text) == (409, "Mine", "Theirs")
    assert sections.save(section, "Theirs and mine", base=1, actor=commander).number == 2


def test_words_are_cleaned_and_never_cut(section, commander):
    assert sections.save(section, "a\x00b\r\nc", base=0, actor=commander).text == "ab\nc"
    with pytest.raises(Refused) as refused:
        sections.save(section, "x" * (sections.LONGEST + 1), base=1, actor=commander)
    assert refused.value.status == 422


@pytest.mark.parametrize("state", ["in_review", "approved", "waived"])
def test_words_stand_still_while_they_are_judged(in_state, commander, state):
    section = sections.named(in_state(state), "went_well")
    with pytest.raises(Refused, match="stand still"):
        sections.save(section, "Other", base=section.number, actor=commander)


def test_after_publication_a_change_needs_a_note_and_is_a_new_edition(in_state, commander, responder, kinds):
    postmortem = in_state("published")
    section = sections.named(postmortem, "went_well")
    with pytest.raises(Refused, match="say what you changed"):
        sections.save(section, "Better", base=section.number, actor=commander)
    with pytest.raises(Forbidden):
        sections.save(section, "Better", base=section.number, actor=responder, note="typo")
    sections.save(section, "Better", base=section.number, actor=commander, note="typo")
    postmortem.refresh_from_db()
    assert postmortem.edition == 2
    assert kinds(postmortem.incident)[-1] == "postmortems.published"


def test_a_viewer_writes_nothing(section, viewer):
    for act in (lambda: sections.save(section, "x", base=0, actor=viewer), lambda: sections.keep(section, "x", base=0, actor=viewer)):
        with pytest.raises(Forbidden):
            act()
    assert not SectionVersion.objects.exists()


def test_what_is_typed_is_kept_seen_by_others_and_gone_once_saved(section, commander, lead, clock):
    sections.keep(section, "Half a sent", base=0, actor=lead)
    assert sections.at_it(section.postmortem, commander) == {"went_well": [lead]}
    assert sections.at_it(section.postmortem, lead) == {}
    clock.move("+5m")
    assert sections.at_it(section.postmortem, commander) == {}
    sections.save(section, "Half a sentence", base=0, actor=lead)
    assert not Writing.objects.exists()


def test_what_arrives_after_its_own_save_is_not_kept_again(section, commander, lead):
    sections.save(section, "A sentence", base=0, actor=lead)
    assert sections.keep(section, "A sent", base=0, actor=lead) is None
    assert not Writing.objects.exists()
    assert sections.keep(section, "A sentence and", base=1, actor=lead).base == 1
    assert sections.keep(section, "Mine", base=0, actor=commander).base == 0  # overtaken by another: his words are not lost


def test_what_is_typed_is_never_cut(section, commander):
    with pytest.raises(Refused):
        sections.keep(section, "x" * (sections.LONGEST + 1), base=0, actor=commander)


def test_a_comparison_says_what_went_and_what_came():
    told = sections.compared("a\nb\nc", "a\nB\nc")
    assert told == [("same", ["a"]), ("gone", ["b"]), ("new", ["B"]), ("same", ["c"])]


@pytest.mark.django_db(transaction=True)
def test_of_ten_saves_at_once_one_is_the_next_version(person, resolve, declare):
    from incidents import playbook
    from postmortems.models import Postmortem

    playbook.load()
    resolve(declare())
    people = [person(f"writer{number}", roles=["responder"]) for number in range(10)]
    section = sections.named(Postmortem.objects.select_related("incident").get(), "went_well")
    results = []

    def save(who):
        try:
            sections.save(section, f"By {who}", base=0, actor=who)
            results.append("saved")
        except sections.Overtaken:
            results.append("overtaken")
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["overtaken"] * 9 + ["saved"]
    assert SectionVersion.objects.count() == 1
