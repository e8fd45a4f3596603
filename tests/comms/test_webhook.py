"""Webhooks as Standard Webhooks signs them, to a real server on loopback that keeps a log."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client

from comms import audit, channel_states, subscribers, sweeps
from comms.channels import webhook
from comms.channels.webhook import WebhookChannel
from comms.models import Delivery
from comms.subscribers import Wish
from incidents import lifecycle
from lib import clock as now_is
from lib.failpoints import FailpointHit


class Target:
    """Answers by script, one answer per request, the last one for ever: (status, headers, body). Keeps what it got."""

    def __init__(self):
        self.answers, self.got = [(200, {}, b"ok")], []
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                target.got.append((self.path, dict(self.headers.items()), body))
                status, headers, answer = target.answers.pop(0) if len(target.answers) > 1 else target.answers[0]
                self.send_response(status)
                for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def target(monkeypatch):
    """A server that may be reached though it is on loopback."""
    monkeypatch.setattr(WebhookChannel, "kind", "operator")
    made = Target()
    yield made
    made.close()


@pytest.fixture
def hook(mina):
    """Adds a webhook."""

    def make(url):
        return subscribers.add(Wish(url, channel="webhook"), source="api", words="contract", actor=mina)[0]

    return make


@pytest.fixture
def leave(teams, declare, mina, clock, run):
    """A P1 is confirmed, and its minute passes."""

    def go(**fields):
        incident = lifecycle.transition(declare(**fields), "confirmed", actor=mina)
        clock.move("+61s")
        sweeps.release_announcements()
        run()
        return incident

    return go


def signed(secret, headers, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def test_it_arrives_once_signed_and_in_both_languages(target, hook, leave):
    row = hook(target.url())
    incident = leave()
    [(path, headers, body)] = target.got
    assert path == "/hook" and headers["Content-Type"] == "application/json"
    assert headers["webhook-signature"] == signed(row.secret, headers, body)
    assert abs(int(headers["webhook-timestamp"]) - now_is.now().timestamp()) < 60
    said = json.loads(body)
    assert (said["type"], said["data"]["incident"], said["data"]["state"]) == ("incident.update", incident.reference, "investigating")
    assert said["data"]["texts"]["zh-hans"]["paragraphs"][0].startswith("我们发现服务出现异常")
    assert "API answers 500" not in body.decode()
    assert Delivery.objects.get(channel="webhook").state == "sent"


def test_after_a_rotation_both_secrets_sign_for_a_day(target, hook, leave, mina, clock):
    row = hook(target.url())
    old, new = row.secret, subscribers.rotate(row, actor=mina)
    leave()
    _path, headers, body = target.got[0]
    assert headers["webhook-signature"].split() == [signed(new, headers, body), signed(old, headers, body)]
    clock.move("+25h")
    leave(title="Another")
    _path, headers, body = target.got[1]
    assert headers["webhook-signature"] == signed(new, headers, body)


def test_a_failure_is_tried_again_with_the_same_id(target, hook, leave, clock, run):
    target.answers = [(500, {}, b""), (200, {}, b"")]
    hook(target.url())
    leave()
    clock.move("+1m")
    run()
    assert len(target.got) == 2
    assert target.got[0][1]["webhook-id"] == target.got[1][1]["webhook-id"]
    assert Delivery.objects.get(channel="webhook").state == "sent"


@pytest.mark.parametrize("place", ["before_send", "after_send", "before_settle"])
def test_what_a_dead_worker_had_is_sent_again_with_the_same_id(target, hook, leave, settings, clock, run, place):
    target.answers = [(500, {}, b""), (200, {}, b"")]
    hook(target.url())
    leave()
    clock.move("+1m")
    settings.FAILPOINTS = f"comms.{place}=raise"
    with pytest.raises(FailpointHit):
        run()
    settings.FAILPOINTS = ""
    clock.move("+2m")
    run()
    row = Delivery.objects.get(channel="webhook")
    assert (row.state, row.is_ambiguous) == ("sent", True)
    assert len(target.got) == (2 if place == "before_send" else 3)
    assert len({headers["webhook-id"] for _path, headers, _body in target.got}) == 1
    assert audit.invariants() == []


def test_what_broke_on_its_way_is_sent_again(target, hook, leave, clock, run, monkeypatch):
    real = webhook._judged
    monkeypatch.setattr(webhook, "_judged", lambda answer: [][0])
    hook(target.url())
    leave()
    assert Delivery.objects.get(channel="webhook").state == "due"
    monkeypatch.setattr(webhook, "_judged", real)
    clock.move("+1m")
    run()
    assert Delivery.objects.get(channel="webhook").state == "sent"
    assert len({headers["webhook-id"] for _path, headers, _body in target.got}) == 1


def test_the_page_says_that_it_is_sent_again(target, hook, leave, mina):
    hook(target.url())
    leave()
    Delivery.objects.filter(channel="webhook").update(is_ambiguous=True)
    client = Client()
    client.force_login(mina)
    shown = client.get(Delivery.objects.get(channel="webhook").get_absolute_url()).content.decode()
    assert "the same webhook-id" in shown and "not sent again" not in shown


def test_gone_turns_the_subscriber_off(target, hook, leave, fresh):
    target.answers = [(410, {}, b"")]
    row = hook(target.url())
    leave()
    assert "410" in fresh(row).suppressed_reason
    assert Delivery.objects.get(channel="webhook").state == "dropped"
    leave(title="Another")
    assert len(target.got) == 1


def test_one_that_asks_for_patience_holds_up_no_other(target, hook, leave, clock):
    target.answers = [(429, {"Retry-After": "300"}, b""), (200, {}, b"")]
    hook(target.url("/one"))
    hook(target.url("/two"))
    leave()
    assert sorted(Delivery.objects.filter(channel="webhook").values_list("state", flat=True)) == ["due", "sent"]
    waiting = Delivery.objects.get(channel="webhook", state="due")
    assert waiting.not_before > now_is.now() + timedelta(seconds=200)
    assert "webhook" in channel_states.usable(now_is.now())


def test_while_one_is_asked_the_others_are_free_for_other_threads(target, hook, leave, monkeypatch):
    real, held = webhook._judged, []

    def judged(answer):
        held.append(Delivery.objects.filter(channel="webhook").exclude(lease_token="").count())
        return real(answer)

    monkeypatch.setattr(webhook, "_judged", judged)
    for number in range(5):
        hook(target.url(f"/{number}"))
    leave()
    assert held == [1] * 5


def test_a_target_that_is_away_does_not_close_the_channel(target, hook, leave):
    dead = target.url()
    target.close()
    hook(dead)
    leave()
    assert Delivery.objects.get(channel="webhook").state == "due"
    assert "webhook" in channel_states.usable(now_is.now())


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(target, hook, leave, status):
    target.answers = [(status, {"Location": target.url("/inner")}, b"")]
    hook(target.url())
    leave()
    assert [path for path, _headers, _body in target.got] == ["/hook"]
    assert Delivery.objects.get(channel="webhook").state == "dead"


def test_an_endless_answer_is_cut(target, hook, leave):
    target.answers = [(200, {}, b"x" * 1_000_000)]
    hook(target.url())
    leave()
    row = Delivery.objects.get(channel="webhook")
    assert (row.state, row.answer) == ("sent", "HTTP 200")


def test_inner_addresses_are_refused(hook, leave):
    hook("http://127.0.0.1:8000/hook")
    hook("http://169.254.169.254/latest/")
    leave()
    rows = Delivery.objects.filter(channel="webhook")
    assert set(rows.values_list("state", flat=True)) == {"dead"}
    assert not any("127.0.0.1" in row.answer or "169.254" in row.answer for row in rows)


def test_the_secret_stands_in_no_delivery(target, hook, leave):
    row = hook(target.url())
    leave()
    kept = str(list(Delivery.objects.values()))
    assert row.secret not in kept and row.code not in kept
