"""Traffic that does not give up, and a killer that does not either: senders repeat until they have a 2xx, as real ones do."""

import json
import os
import random
import signal
import subprocess
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.harness.portal import Portal
from tests.harness.servers import until

PAYLOADS = Path(__file__).parents[1] / "detection" / "payloads"
SERVICES = ["api-gateway", "agent-coordinator", "user-authentication", "workflow-engine", "primary-database", "cache", "file-storage"]
SEVERITIES = ["critical", "major", "major", "warning"]


@dataclass
class Figures:
    """What the run saw."""

    answers: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        """Of the answer times of accepted requests, in seconds."""
        return sorted(self.seconds)[min(int(len(self.seconds) * share), len(self.seconds) - 1)] if self.seconds else 0.0


class Traffic:
    """Alerts and acts against one portal, each repeated until it is accepted."""

    def __init__(self, portal: Portal, seed: int):
        self.portal = portal
        self.random = random.Random(seed)
        self.token = portal.token("admin")
        self.key = portal.manage("source", "alertmanager", "storm").strip()
        self.figures = Figures()
        self.fingerprints: list[str] = []
        self.notes: list[tuple[str, str]] = []
        self.lock = threading.Lock()

    def people(self, count: int) -> list[str]:
        """Make people who are told by mail, in the operations and application teams; returns their addresses."""
        api = self.portal.api(self.token)
        names = [f"p{number}" for number in range(count)]
        for number, name in enumerate(names):
            made = api.post(
                "/people/",
                json={"username": name, "name": name, "email": f"{name}@example.org", "roles": ["responder"], "language": ["en", "zh-hans"][number % 2]},
            )
            assert made.status_code == 201, made.text
        for team in ("operations", "application", "database"):
            shown = api.get(f"/teams/{team}/").json()
            kept = {name: shown[name] for name in ("name", "duty", "lead_title", "channel", "is_response", "position")}
            answer = api.put(f"/teams/{team}/", json={**kept, "members": [{"person": name, "lead": name == "p0"} for name in names]})
            assert answer.status_code == 200, answer.text
        return [f"{name}@example.org" for name in names]

    def insist(self, client: httpx.Client, method: str, path: str, *, seconds: float = 180, **values: Any) -> httpx.Response:
        """Send until there is an answer below 500; raises AssertionError when that takes too long."""
        end = time.monotonic() + seconds
        while True:
            began = time.monotonic()
            try:
                answer = client.request(method, path, timeout=60, **values)
                words = str(answer.status_code)
            except httpx.HTTPError as error:
                answer, words = None, type(error).__name__
            with self.lock:
                self.figures.answers[words] += 1
                if answer is not None and answer.status_code < 300:
                    self.figures.seconds.append(time.monotonic() - began)
            if answer is not None and answer.status_code < 500 and not is_running(answer):
                return answer
            assert words != "500", f"a bare 500 from {path}: {answer.text[:400] if answer is not None else ''}\n{self.portal.output()[-3000:]}"
            assert time.monotonic() < end, f"{path} was not accepted within {seconds:.0f} s; last: {words}\n{self.portal.output()[-3000:]}"
            time.sleep(0.1)

    def send_alerts(self, count: int, *, per_request: int = 5, pause: float = 0.0, every: float = 0.0) -> None:
        """New firing alerts on several services, some resolved again; each batch until it is accepted.

        `pause` is waited after each batch, in seconds; `every` is the time from one batch to the next, as far as the portal keeps up.
        """
        following = time.monotonic()
        with httpx.Client(base_url=self.portal.url) as client:
            sent = 0
            while sent < count:
                batch = [self.alert(sent + number) for number in range(min(per_request, count - sent))]
                self._post(client, batch)
                self.fingerprints += [alert["fingerprint"] for alert in batch]
                sent += len(batch)
                if self.random.random() < 0.2:
                    self._post(client, [{**alert, "status": "resolved", "endsAt": datetime.now(UTC).isoformat()} for alert in batch])
                following += every
                time.sleep(max(pause, following - time.monotonic() if every else 0))

    def _post(self, client: httpx.Client, alerts: list[dict[str, Any]]) -> None:
        answer = self.insist(client, "POST", f"/ingest/alertmanager/{self.key}/", json=self.notification(alerts))
        assert answer.status_code == 202, answer.text

    def notification(self, alerts: list[dict[str, Any]]) -> dict[str, Any]:
        """What a real Alertmanager sent, with these alerts in it."""
        sent = json.loads((PAYLOADS / "alertmanager-grouped-firing.json").read_text())["body"]
        return sent | {"alerts": alerts, "status": alerts[0]["status"], "truncatedAlerts": 0}

    def alert(self, number: int) -> dict[str, Any]:
        """One that fires, on some service."""
        service = self.random.choice(SERVICES)
        began = datetime.now(UTC) - timedelta(seconds=self.random.randint(0, 60))
        return {
            "status": "firing",
            "labels": {"alertname": f"Storm{number % 7}", "service": service, "severity": self.random.choice(SEVERITIES), "instance": f"i{number}"},
            "annotations": {"summary": f"storm {number}"},
            "startsAt": began.isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": uuid.UUID(int=self.random.getrandbits(128)).hex[:16],
        }

    def act(self, count: int, *, pause: float = 0.0) -> None:
        """Declarations, notes, acknowledgements and moves, each with an idempotency key, each until it is accepted."""
        with self.portal.api(self.token) as client:
            references: list[str] = []
            for number in range(count):
                if number % 25 == 0:
                    made = self._say(
                        client,
                        "/incidents/",
                        {"title": f"storm {number}", "severity": self.random.choice(["P1", "P2", "P3"]), "services": [self.random.choice(SERVICES)]},
                    )
                    references.append(made.json()["reference"])
                    continue
                reference = self.random.choice(references[-3:])
                kind = number % 10
                if kind == 0:
                    self._say(client, f"/incidents/{reference}/acknowledge/", {})
                elif kind == 1:
                    self._say(client, f"/incidents/{reference}/severity/", {"severity": self.random.choice(["P1", "P2"]), "reason": "the storm"})
                elif kind == 2:
                    self._say(
                        client, f"/incidents/{reference}/transitions/", {"to": self.random.choice(["confirmed", "diagnosing", "fixing"]), "note": "the storm"}
                    )
                else:
                    text = f"note {uuid.uuid4().hex}"
                    self._say(client, f"/incidents/{reference}/timeline/", {"text": text})
                    self.notes.append((reference, text))
                time.sleep(pause)

    def _say(self, client: httpx.Client, path: str, body: dict[str, Any]) -> httpx.Response:
        return self.insist(client, "POST", path, json=body, headers={"Idempotency-Key": uuid.uuid4().hex})

    # --- what must be true afterwards -----------------------------------------------------------

    def settled(self, seconds: float = 180) -> list[dict[str, Any]]:
        """All deliveries, once a reading of them finds none due; open incidents go on making new ones, so each reading counts by itself."""
        read: list[dict[str, Any]] = []

        def is_quiet() -> bool:
            try:
                if self.portal.is_ready():
                    read[:] = self.pages("/deliveries/")
                    return all(row["state"] != "due" for row in read)
            except (httpx.HTTPError, KeyError, ValueError):
                pass
            return False

        until(is_quiet, seconds, "all deliveries being settled", every=1)
        return read

    def pages(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All rows of a list."""
        api = self.portal.api(self.token)
        answer = api.get(path, params={"limit": 200, **query})
        assert answer.status_code == 200, answer.text
        rows = list(answer.json()["results"])
        while following := answer.json()["next"]:
            answer = api.get(following)
            assert answer.status_code == 200, answer.text
            rows += answer.json()["results"]
        return rows

    def nothing_lost(self, mails: list[Any]) -> dict[str, int]:
        """Every accepted alert is there once, every note once, every delivery is sent, one mail per key save marked ones."""
        stored = Counter(row["fingerprint"] for row in self.pages("/alerts/"))
        missing = [one for one in self.fingerprints if one not in stored]
        assert not missing, f"{len(missing)} of {len(self.fingerprints)} accepted alerts are lost"
        assert max(stored.values(), default=1) == 1, "an alert is stored twice"
        for reference in {reference for reference, _ in self.notes}:
            told = Counter(row["text"].strip() for row in self._timeline(reference))
            for text in [text for where, text in self.notes if where == reference]:
                assert told[text] == 1, f"{reference}: {text} stands {told[text]} times on the timeline"
        deliveries = self.settled()
        states = Counter(row["state"] for row in deliveries)
        assert not states["dead"], states
        twice = {one for one, times in Counter(mail.message_id for mail in mails).items() if times > 1}
        marked = {self.portal.api(self.token).get(f"/deliveries/{row['id']}/").json()["message_id"] for row in deliveries if row["ambiguous"]}
        assert twice <= marked, f"{len(twice - marked)} mails went out twice and are not marked"
        received = {mail.message_id for mail in mails}
        unsent = [row for row in deliveries if row["state"] == "sent" and row["channel"] == "email"]
        assert len(received) >= len(unsent), f"{len(unsent)} deliveries count as sent, {len(received)} mails arrived"
        strict = self.portal.manage("audit", "--strict", check=False)
        assert strict.startswith("0\n"), strict
        return {"alerts": len(stored), "notes": len(self.notes), "deliveries": len(deliveries), "mails": len(mails), "doubled and marked": len(twice)}

    def _timeline(self, reference: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while (
            found := self.portal.api(self.token)
            .get(f"/incidents/{reference}/timeline/", params={"after": rows[-1]["seq"] if rows else 0, "limit": 200})
            .json()["results"]
        ):
            rows += found
        assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1)), f"{reference} has gaps"
        return rows


def is_running(answer: httpx.Response) -> bool:
    """Whether the portal says that the first request with this key is still at work: a moment after a kill it is not."""
    return answer.status_code == 409 and "Idempotency-Key" in answer.text


class Killer:
    """Ends random processes of a portal with SIGKILL, now and then all of it, until told to stop."""

    def __init__(self, portal: Portal, figures: Figures, seed: int, *, every: tuple[float, float] = (0.5, 3.0), whole: float = 0.06):
        self.portal, self.figures, self.every, self.whole = portal, figures, every, whole
        self.random = random.Random(seed)
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def stop(self) -> None:
        """Enough; the portal runs when this returns."""
        self.done.set()
        self.thread.join(120)
        if self.portal.process is None or self.portal.process.poll() is not None:
            self.portal.start()

    def _run(self) -> None:
        while not self.done.wait(self.random.uniform(*self.every)):
            if self.random.random() < self.whole:
                self._kill_all()
                continue
            children = self.portal.children()
            if children:
                name = self.random.choice(sorted(children))
                if name != "web" or self._serves():
                    self._kill(name, children[name])

    def _serves(self) -> bool:
        """A door that has just come back is given the time to open, or nothing would ever get in."""
        try:
            return httpx.get(f"{self.portal.url}/healthz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def _kill(self, name: str, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.figures.kills[name] += 1

    def _kill_all(self) -> None:
        process = self.portal.process
        if process is None:
            return
        process.kill()
        process.wait()
        self.figures.kills["supervisor"] += 1
        # Its children see the line close and go; a new start must wait for them to let go of the folder and the port.
        time.sleep(0.5)
        with self.portal.log.open("ab") as log:
            command = [*process.args] if isinstance(process.args, list) else [str(process.args)]
            self.portal.process = subprocess.Popen(
                command, env=self.portal.env, cwd=Path(__file__).parents[2], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )


def say(title: str, **figures: Any) -> None:
    """A line of figures."""
    print(f"\n  {title}: " + " · ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items()), flush=True)
