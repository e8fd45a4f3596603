"""What the board shows to whom."""

from datetime import timedelta

import pytest

from incidents import lifecycle, steps
from incidents.models import State
from lib import clock as time
from portal.board import board


@pytest.fixture
def commander(person):
    """Runs incidents."""
    return person("cara", roles=["commander"])


@pytest.fixture
def declare(commander):
    """Declares an incident with fixed defaults."""

    def make(**fields):
        return lifecycle.declare(**{"title": "API answers 500", "severity": "P1", "services": ["api-gateway"], "actor": None, "source": "test", **fields})

    return make


@pytest.mark.parametrize("count", [1, 30])
def test_the_board_costs_the_same_for_one_and_thirty(client, commander, declare, count, django_assert_max_num_queries):
    for number in range(count):
        declare(title=f"Trouble {number}")
    client.force_login(commander)
    client.get("/")
    with django_assert_max_num_queries(17):
        page = client.get("/")
    assert page.status_code == 200
    assert len(page.context["board"].incidents) == count


def test_what_nobody_has_comes_first(commander, declare):
    incident = declare()
    assert board(commander).unclaimed == [incident]
    lifecycle.acknowledge(incident, actor=commander)
    assert board(commander).unclaimed == []


def test_my_late_steps_wait_for_me_alone(commander, person, declare, clock):
    incident = declare()
    lifecycle.acknowledge(incident, actor=commander)
    clock.move("+20m")
    late = board(commander).late_steps
    assert late and all(step.role == "commander" for step in late)
    assert board(person("other", roles=["responder"])).late_steps == []
    steps.complete(late[0], actor=commander)
    assert late[0] not in board(commander).late_steps


def test_updates_that_are_owed_show_before_they_are_late(commander, declare, clock):
    incident = declare()
    lifecycle.acknowledge(incident, actor=commander)
    owed = board(commander).updates_due
    assert [update.obligation.incident for update in owed] == [incident]
    assert owed[0].due <= time.now() + timedelta(minutes=15)


def test_the_last_line_of_each_story_is_read_in_one_go(commander, declare):
    first, second = declare(title="One"), declare(title="Two")
    lifecycle.note(first, "The newest word.", actor=commander)
    shown = board(commander)
    assert shown.last_lines[first.pk].text == "The newest word."
    assert second.pk in shown.last_lines


def test_a_private_incident_is_not_on_a_strangers_board(client, person, declare):
    declare(title="The canary", private=True, actor=person("owner", roles=["commander"]))
    client.force_login(person("stranger", roles=["commander"]))
    assert "canary" not in client.get("/").content.decode()


def test_resolved_ones_leave_the_board(commander, declare):
    incident = declare()
    lifecycle.transition(incident, State.RESOLVED, actor=commander)
    assert board(commander).incidents == []


def test_the_live_part_stands_alone(client, commander, declare):
    declare()
    client.force_login(commander)
    part = client.get("/", headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="board"')


def test_a_viewer_sees_the_board_but_no_button(client, person, declare):
    declare()
    client.force_login(person("vic", roles=["viewer"]))
    page = client.get("/").content.decode()
    assert "API answers 500" in page
    assert "acts/acknowledge" not in page and "quick-declare" not in page


def test_an_empty_board_says_what_comes_next(client, commander):
    client.force_login(commander)
    assert "All quiet" in client.get("/").content.decode()
