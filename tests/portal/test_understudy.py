"""When the engine stands in for Celery: the broker is away or slow, or a queue's workers are silent."""

import pytest
import redis

from portal import understudy


class Pinged:
    """A broker whose next answers are known: seconds, or None for none."""

    def __init__(self, monkeypatch, *answers):
        self.answers, self.now = list(answers), 0.0
        monkeypatch.setattr(understudy.time, "monotonic", lambda: self.now)

    def ping(self):
        seconds = self.answers.pop(0)
        if seconds is None:
            raise redis.TimeoutError
        self.now += seconds


@pytest.mark.parametrize("answer", [None, 0.4])
def test_a_broker_that_is_away_or_slow_is_stood_in_for_at_once(monkeypatch, answer):
    broker = understudy.Broker(Pinged(monkeypatch, 0.01, answer))
    broker.look()
    assert broker.is_well
    broker.look()
    assert not broker.is_well


def test_it_is_left_alone_again_only_after_some_quick_answers_in_a_row(monkeypatch):
    quick = [0.01] * understudy.QUICK_LOOKS
    broker = understudy.Broker(Pinged(monkeypatch, 0.4, *quick[1:], 0.4, *quick))
    for _look in range(len(quick) + 1 + len(quick) - 1):
        broker.look()
        assert not broker.is_well
    broker.look()
    assert broker.is_well


def test_changes_are_said_once(monkeypatch, caplog):
    broker = understudy.Broker(Pinged(monkeypatch, 0.01, 0.4, 0.4, None, None, 0.01))
    for _look in range(6):
        broker.look()
    said = ["the broker is slow; the engine runs the sweeps", "the broker is away; the engine runs the sweeps", "the broker is back"]
    assert [record.getMessage() for record in caplog.records] == said
