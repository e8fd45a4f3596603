"""Failpoints: exact under test, inert in production."""

import os
import signal

import pytest

from lib import failpoints


@pytest.fixture
def points(settings, tmp_path):
    settings.DATA_DIR = tmp_path

    def set_to(text):
        settings.FAILPOINTS = text

    return set_to


def test_without_a_setting_nothing_happens(points):
    points("")
    failpoints.hit("comms.after_send")


def test_in_production_nothing_happens(points, settings):
    points("comms.after_send=raise")
    settings.TESTING = False
    failpoints.hit("comms.after_send")


def test_a_named_point_raises_and_others_do_not(points):
    points("comms.after_send=raise, lib.other=sleep:0")
    failpoints.hit("comms.before_send")
    for _ in range(2):
        with pytest.raises(failpoints.FailpointHit):
            failpoints.hit("comms.after_send")


def test_the_nth_hit_counts_over_restarts_and_only_once(points):
    points("a.b=raise@3")
    failpoints.hit("a.b")
    child = os.fork()
    if not child:
        failpoints.hit("a.b")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    with pytest.raises(failpoints.FailpointHit):
        failpoints.hit("a.b")
    failpoints.hit("a.b")


@pytest.mark.parametrize(("action", "sent"), [("kill", signal.SIGKILL), ("stop", signal.SIGSTOP)])
def test_kill_and_stop_are_signals_to_this_process(points, monkeypatch, action, sent):
    sent_signals = []
    monkeypatch.setattr(failpoints.os, "kill", lambda pid, number: sent_signals.append((pid, number)))
    points(f"a.b={action}")
    failpoints.hit("a.b")
    assert sent_signals == [(os.getpid(), sent)]


def test_sleep_takes_seconds(points, monkeypatch):
    slept = []
    monkeypatch.setattr(failpoints.time, "sleep", slept.append)
    points("a.b=sleep:2.5@1")
    failpoints.hit("a.b")
    failpoints.hit("a.b")
    assert slept == [2.5]


@pytest.mark.parametrize("text", ["a.b", "a.b=explode", "a.b=sleep", "=kill", "a.b=kill:3", "a.b=kill@x"])
def test_a_misspelt_setting_is_an_error(text):
    with pytest.raises(ValueError):
        failpoints.parse(text)
