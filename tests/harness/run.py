"""What `make test` and `make soak` run: the same tests on both databases, then those that need real servers."""

import os
import subprocess
import sys

from tests.harness.servers import Postgres, Redis

ROOM = ["-n", "2", "--dist", "worksteal", "-m", "not real and not browser and not soak"]


def pytest(title: str, words: list[str], **environment: str) -> bool:
    """One run; True when it passed."""
    print(f"\n== {title}", flush=True)
    done = subprocess.run([sys.executable, "-m", "pytest", "-rfEs", *words], env={**os.environ, **environment})
    if done.returncode not in {0, 1}:
        print(f"pytest ended with {done.returncode}", flush=True)
    return done.returncode == 0


def main() -> int:
    """0 when everything passed."""
    what = sys.argv[1] if len(sys.argv) > 1 else "test"
    passed = True
    if what == "test":
        passed = pytest("rules and pages on SQLite", ROOM)
    postgres, redis = Postgres(is_durable=what == "soak").start(), Redis().start()
    servers = {"PORTAL_TEST_POSTGRES": postgres.dsn(""), "PORTAL_TEST_REDIS": redis.url()}
    try:
        if what == "test":
            passed &= pytest("the same on PostgreSQL", ROOM, DATABASE_URL=postgres.create("portal"))
            passed &= pytest("the portal itself: real servers, real browser", ["-m", "real or browser"], **servers)
        else:
            passed &= pytest("kill, lose, hang: nothing may be lost", ["-m", "soak", "-s"], **servers)
    finally:
        postgres.close()
        redis.close()
    print(f"\n{what}: {'passed' if passed else 'FAILED'}", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
