"""A bare ASGI application that answers everything with one file: the yardstick of the public page."""

import sys
from pathlib import Path
from typing import Any

import uvicorn

BODY = b""
HEADERS: list[tuple[bytes, bytes]] = []


async def application(scope: Any, receive: Any, send: Any) -> None:
    """The same bytes to everybody."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    BODY = Path(sys.argv[2]).read_bytes()
    HEADERS = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(BODY)).encode())]
    uvicorn.run(application, port=int(sys.argv[1]), http="httptools", ws="none", lifespan="off", access_log=False, log_level="critical")
