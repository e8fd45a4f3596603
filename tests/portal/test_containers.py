"""Dockerfile, docker-compose.yml and the proxy say what the code does: commands, settings, queues, health checks, addresses."""

import ast
import fnmatch
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from cryptography import x509
from django.core.management import get_commands, load_command_class

from portal import door
from portal.sweeps import QUEUES

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "incident-portal"}
RUNNING = {name: service for name, service in OURS.items() if name != "keys"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROXY = (ROOT / "deploy" / "proxy.conf").read_text()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the service `keys` fills it."""
    folder = tmp_path_factory.mktemp("keys")
    maker().make(folder, "https://portal.example.com")
    return folder


def maker() -> Any:
    spec = importlib.util.spec_from_file_location("deploy_keys", ROOT / "deploy" / "keys.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def filled(value: str, **given: str) -> str:
    """A value of the compose file as the shell's variables make it."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*))?\}", lambda match: given.get(match[1], match[2] or ""), value)


def known_settings() -> set[str]:
    """Every name that the settings read from the environment."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / "portal" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "env":
            found |= {part.value for part in node.args[:1] if isinstance(part, ast.Constant)}
    return found


def manage(service: dict[str, Any]) -> list[str]:
    return [str(word) for word in service["command"]]


def accepts(words: list[str]) -> bool:
    name, *rest = words
    if name not in get_commands():
        return False
    command = load_command_class(get_commands()[name], name)
    try:
        command.create_parser("manage.py", name).parse_args(rest)
    except (Exception, SystemExit):
        return False
    return True


@pytest.mark.parametrize("name", sorted(RUNNING))
def test_each_container_runs_a_command_that_exists(name):
    assert accepts(manage(RUNNING[name]))


def test_a_command_that_does_not_exist_would_be_found():
    assert not accepts(["serve"]) and not accepts(["worker", "no-such-queue"]) and not accepts(["doctor", "no-such-part"])


def test_what_the_customer_named_is_there():
    assert {"postgres", "redis", "web", "worker", "scheduler", "proxy"} <= set(SERVICES)


def test_every_queue_has_a_worker_and_calls_have_one_to_themselves():
    served = [manage(service)[1:] for service in RUNNING.values() if manage(service)[0] == "worker"]
    assert sorted(queue for queues in served for queue in queues) == sorted(QUEUES)
    assert ["page"] in served


@pytest.mark.parametrize("name", sorted(RUNNING))
def test_each_setting_is_one_that_the_portal_reads(name):
    names = {re.sub(r"_FILE$", "", word) for word in RUNNING[name]["environment"]}
    assert names <= known_settings()
    assert names >= {"SITE_URL", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "VAULT_KEYS", "EMAIL_URL", "TRUSTED_PROXIES", "ALARM_URL", "HEARTBEAT_URL"}


def test_the_settings_take_what_the_containers_are_given(keys, tmp_path):
    given = {name: filled(str(value), SITE_URL="https://portal.example.com") for name, value in RUNNING["web"]["environment"].items()}
    environment = {name: value.replace("/keys/", f"{keys}/portal/") if name.endswith("_FILE") else value for name, value in given.items()}
    baked = dict(re.findall(r"(\w+)=(\S+)", re.search(r"^ENV (.*)$", DOCKERFILE, re.M)[1]))  # type: ignore[index]
    assert set(baked) - {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"} <= known_settings()
    environment |= {"HOST": baked["HOST"], "DATA_DIR": str(tmp_path), "STATUS_DIR": str(tmp_path / "status"), "PATH": os.environ["PATH"]}
    said = "from portal import settings as s; print(s.DATABASES['default']['HOST'], s.EMBEDDED, s.SECURE, list(s.VAULT_KEYS))"
    done = subprocess.run([sys.executable, "-c", said], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout.split() == ["postgres", "False", "True", "['first']"], done.stderr


def test_the_database_that_is_made_is_the_one_that_is_asked_for(keys):
    url, made = urlsplit((keys / "portal" / "database_url").read_text()), SERVICES["postgres"]["environment"]
    assert (url.username, url.path[1:]) == (made["POSTGRES_USER"], made["POSTGRES_DB"])
    assert url.hostname in SERVICES and url.password == (keys / "database" / "password").read_text()
    assert made["POSTGRES_PASSWORD_FILE"] == "/keys/password" and "keys-database:/keys:ro" in SERVICES["postgres"]["volumes"]
    assert SERVICES["postgres"]["healthcheck"]["test"] == ["CMD", "pg_isready", "-U", url.username, "-d", url.path[1:]]
    assert urlsplit(RUNNING["web"]["environment"]["REDIS_URL"]).hostname in SERVICES


def test_secrets_are_made_once(keys):
    before = {path.name: path.read_bytes() for path in keys.rglob("*") if path.is_file()}
    maker().make(keys, "https://other.example.com")
    assert {path.name: path.read_bytes() for path in keys.rglob("*") if path.is_file()} == before
    assert len(before["secret_key"]) >= 50


def test_database_and_proxy_see_no_key_of_the_portal(keys):
    assert {path.name for path in (keys / "portal").iterdir()} == {"secret_key", "vault_keys", "database_url"}
    seen = {name: {mount.split(":")[0] for mount in service.get("volumes", [])} for name, service in SERVICES.items()}
    assert [name for name, volumes in seen.items() if "keys-portal" in volumes and name not in OURS] == []
    assert (keys / "portal" / "vault_keys").stat().st_mode & 0o777 == 0o400


def test_half_a_pair_of_certificate_and_key_is_made_anew(tmp_path):
    maker().make(tmp_path, "https://portal.example.com")
    before = (tmp_path / "tls" / "tls.crt").read_bytes()
    (tmp_path / "tls" / "tls.key").unlink()
    maker().make(tmp_path, "https://portal.example.com")
    assert (tmp_path / "tls" / "tls.key").exists() and (tmp_path / "tls" / "tls.crt").read_bytes() != before


def test_the_certificate_is_for_the_site(keys):
    made = x509.load_pem_x509_certificate((keys / "tls" / "tls.crt").read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert set(names) == {"localhost", "portal.example.com"}


@pytest.mark.parametrize("name", sorted(name for name, service in RUNNING.items() if "healthcheck" in service))
def test_each_health_check_asks_for_something_that_is_there(name):
    kind, *words = RUNNING[name]["healthcheck"]["test"]
    assert kind == "CMD" and words[0] == "python"
    if words[1] == "manage.py":
        assert accepts(words[2:])
    else:
        address = urlsplit(re.search(r"http://[^']+", words[2])[0])  # type: ignore[index]
        assert address.path in door.PROBES and address.port == 8000


def test_only_the_proxy_is_open_to_the_outside():
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["proxy"]
    subnet = COMPOSE["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    assert subnet == RUNNING["web"]["environment"]["TRUSTED_PROXIES"]


def test_our_containers_may_little():
    for name, service in OURS.items():
        assert service["cap_drop"] == ["ALL"], name
    assert re.search(r"^USER portal$", DOCKERFILE, re.M)


def test_volumes_lie_where_the_code_looks():
    places = {mount.split(":")[0]: mount.split(":")[1] for mount in RUNNING["web"]["volumes"]}
    baked = dict(re.findall(r"(\w+)=(\S+)", DOCKERFILE))
    assert places["data"] == baked["DATA_DIR"] and places["status"] == baked["STATUS_DIR"]
    assert all(value.startswith(places["keys-portal"]) for name, value in RUNNING["web"]["environment"].items() if name.endswith("_FILE"))
    assert set(COMPOSE["volumes"]) >= {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", []) if mount[0] not in "./"}


def test_the_proxy_reaches_the_portal_and_lets_through_what_it_takes():
    host, port = re.search(r"server (\w+):(\d+) resolve;", PROXY).groups()  # type: ignore[union-attr]
    assert host == "web" and port == "8000"
    size = int(re.search(r"client_max_body_size (\d+)m;", PROXY)[1])  # type: ignore[index]
    assert size * door.MIB >= max(door.BODY_CAPS.values())
    streams = re.search(r"location ~ (\S+) \{[^}]*proxy_buffering off", PROXY)[1]  # type: ignore[index]
    assert re.search(streams, "/live/") and re.search(streams, "/api/v1/incidents/INC-2026-001/stream/")
    mounts = {mount.split(":")[0]: mount.split(":")[1] for mount in SERVICES["proxy"]["volumes"]}
    assert f"ssl_certificate {mounts['keys-tls']}/tls.crt;" in PROXY and f"ssl_certificate_key {mounts['keys-tls']}/tls.key;" in PROXY
    assert mounts["status"] == "/srv/status" and "root /srv;" in PROXY and "./deploy/proxy.conf" in mounts


def test_the_image_holds_what_it_needs_and_no_more():
    ignored = (ROOT / ".dockerignore").read_text().split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = [*project["tool"]["importlinter"]["root_packages"], "manage.py", "templates", "static", "locale", "requirements", "deploy"]
    assert not [name for name in needed if any(fnmatch.fnmatch(name, pattern) for pattern in ignored)]
    assert {".git", ".venv", "var", "tests", ".env"} <= set(ignored)
    for source in re.findall(r"^COPY (\S+) ", DOCKERFILE, re.M):
        assert (ROOT / source).exists()
    version = re.search(r"^FROM python:(3\.\d+)-slim", DOCKERFILE, re.M)[1]  # type: ignore[index]
    assert tuple(map(int, version.split("."))) >= tuple(map(int, project["project"]["requires-python"].strip(">=").split(".")))
    assert "--require-hashes" in DOCKERFILE
