"""Makes what a first start of the containers needs to be secret: keys, the database's password, a certificate. What exists stays.

Needs nothing of the portal's settings, which cannot be read before these are there.
"""

import argparse
import base64
import ipaddress
import os
import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CERTIFICATE_DAYS = 397  # browsers take no longer one


def keep(path: Path, content: str, mode: int = 0o400) -> str:
    """Write `content` whole, unless something is there already; returns what is there."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(draft, path)
    return path.read_text()


def certificate(host: str) -> tuple[str, str]:
    """A self-signed certificate for `host` and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    now = datetime.now(UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    try:
        alternatives.append(x509.IPAddress(ipaddress.ip_address(host)))
    except ValueError:
        if host != "localhost":
            alternatives.append(x509.DNSName(host))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def make(folder: Path, site_url: str) -> None:
    """Fill three folders below `folder`, each a volume of its own, so that database and proxy see nothing of the portal's; what is there stays."""
    portal, database, tls = (folder / name for name in ("portal", "database", "tls"))
    for place in (portal, database, tls):
        place.mkdir(exist_ok=True)
    keep(portal / "secret_key", secrets.token_urlsafe(50))
    keep(portal / "vault_keys", f"first:{base64.b64encode(secrets.token_bytes(32)).decode()}")
    password = keep(database / "password", secrets.token_urlsafe(32), 0o444)  # PostgreSQL reads it as another user
    keep(portal / "database_url", f"postgresql://portal:{password}@postgres:5432/portal")
    if not (tls / "tls.key").exists() or not (tls / "tls.crt").exists():
        public, private = certificate(urlsplit(site_url).hostname or "localhost")
        for name, content in (("tls.crt", public), ("tls.key", private)):
            (tls / name).unlink(missing_ok=True)
            keep(tls / name, content)


def main() -> int:
    """0 when all is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    make(folder, os.environ.get("SITE_URL") or "https://localhost")
    return 0


if __name__ == "__main__":
    sys.exit(main())
