"""When something fired, whatever the order in which it was said."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from detection.episodes import MOST_STARTS, Episode, dump, fold, gather, load

ZERO = datetime(2026, 1, 1, tzinfo=UTC)


def at(minute):
    return ZERO + timedelta(minutes=minute)


def fires(start):
    return Episode(at(start), None, True)


def ends(start, end):
    return Episode(at(start), at(end), False)


def shape(stretches):
    return [(stretch.start, stretch.end, stretch.fired) for stretch in stretches]


def test_a_firing_and_its_end_are_one_stretch():
    assert shape(gather([fires(0), ends(0, 5)])) == [(at(0), at(5), True)]


def test_a_new_start_while_firing_continues_it():
    assert shape(gather([fires(0), fires(3)])) == [(at(0), None, True)]
    assert shape(gather([fires(0), fires(3), ends(3, 9)])) == [(at(0), at(9), True)]


def test_a_late_end_splits_what_was_taken_for_one():
    assert shape(gather([fires(0), fires(3), ends(3, 9), ends(0, 2)])) == [(at(0), at(2), True), (at(3), at(9), True)]


def test_an_end_alone_never_fired():
    assert shape(gather([ends(0, 5)])) == [(at(0), at(5), False)]


def test_the_latest_end_of_a_start_stands():
    assert shape(gather([ends(0, 5), ends(0, 7), ends(0, 6)])) == [(at(0), at(7), False)]


def test_a_firing_notice_after_the_end_does_not_fire_again():
    assert shape(gather([ends(0, 5), fires(0)])) == [(at(0), at(5), True)]


def test_endless_new_starts_do_not_grow_a_row_without_end():
    stretches = gather([fires(minute) for minute in range(500)])
    assert len(stretches) == 1 and len(stretches[0].episodes) == MOST_STARTS and stretches[0].start == at(0)


def test_stretches_are_read_back_as_written():
    stretch = gather([fires(0), ends(0, 5)])[0]
    assert tuple(load(dump(stretch))) == stretch.episodes


EPISODES = st.lists(
    st.builds(
        lambda start, length, fired: Episode(at(start), at(start + length) if length else None, fired or not length),
        st.integers(0, 30), st.integers(0, 10), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


@given(EPISODES, st.randoms(use_true_random=False))
def test_order_and_doubles_make_no_difference(episodes, chance):
    shuffled = episodes + episodes[: len(episodes) // 2]
    chance.shuffle(shuffled)
    assert gather(shuffled) == gather(episodes)


@given(EPISODES, EPISODES)
def test_saying_it_in_two_steps_is_saying_it_at_once(first, second):
    so_far = [episode for stretch in gather(first) for episode in load(dump(stretch))]
    assert gather([*so_far, *second]) == gather([*first, *second])
    assert fold(so_far) == fold(first)
