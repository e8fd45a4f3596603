"""A PDF as an operator gets it: drawn by the engine, and by a Celery worker whose processes may have no children of the usual kind."""

import time
from typing import Any

import httpx
import pytest

from tests.harness.servers import until

pytestmark = pytest.mark.real


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_post_mortem_of_a_p1_comes_as_a_pdf(request, make_portal, kind):
    servers = {} if kind == "sqlite" else {"database": request.getfixturevalue("postgres")(), "redis": request.getfixturevalue("redis")}
    portal = make_portal(**servers).start()
    api = portal.api(portal.token("admin"))
    reference = api.post("/incidents/", json={"title": "API down", "severity": "P1", "services": ["api-gateway"]}).json()["reference"]
    for to in ("confirmed", "watching", "resolved"):
        assert api.post(f"/incidents/{reference}/transitions/", json={"to": to}).status_code == 200
    first = api.get(f"/postmortems/{reference}/pdf/")
    assert first.status_code in {200, 202}, first.text

    def drawn() -> Any:
        answer: httpx.Response = api.get(f"/postmortems/{reference}/pdf/")
        assert answer.status_code in {200, 202}, answer.text
        if answer.status_code == 202:
            time.sleep(float(answer.headers["Retry-After"]) / 4)
        return answer if answer.status_code == 200 else None

    made = until(drawn, 60, "the PDF")
    assert made.headers["Content-Type"] == "application/pdf" and made.content.startswith(b"%PDF-")
