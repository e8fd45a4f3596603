"""The invariants of post-mortems."""

from postmortems import audit, sections
from postmortems.models import Section


def test_a_section_that_does_not_say_what_its_version_says_is_found(postmortem, commander):
    section = sections.save(sections.named(postmortem, "went_well"), "Words", base=0, actor=commander)
    assert audit.invariants() == []
    Section.objects.filter(pk=section.pk).update(text="Other words")
    assert len(audit.invariants(full=True)) == 1
    Section.objects.filter(pk=section.pk).update(text="", number=0)
    assert len(audit.invariants()) == 1
