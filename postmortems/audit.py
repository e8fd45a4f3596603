"""What must hold for post-mortems; the auditor asks every 30 s."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from postmortems.models import Postmortem, Section, SectionVersion

SHOWN = 20


def invariants(*, full: bool = False) -> list[str]:
    """What is broken, one line each, by number: words of a private incident are told to nobody. `full` also looks at what is published or waived."""
    return list(_words(full))


def _words(full: bool) -> Iterator[str]:
    """A section says what its newest version says."""
    same = SectionVersion.objects.filter(section=OuterRef("pk"), number=OuterRef("number"), text=OuterRef("text"))
    newer = SectionVersion.objects.filter(section=OuterRef("pk"), number__gt=OuterRef("number"))
    written = Section.objects.all() if full else Section.objects.filter(postmortem__in=Postmortem.objects.unfinished())
    for row in written.filter(number__gt=0).exclude(Exists(same))[:SHOWN]:
        yield f"section {row.pk} of post-mortem {row.postmortem_id} does not say what its version {row.number} says"
    for row in written.filter(Exists(newer))[:SHOWN]:
        yield f"section {row.pk} of post-mortem {row.postmortem_id} has a newer version than {row.number}"
