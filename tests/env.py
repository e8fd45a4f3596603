"""The environment of every test; loaded by pytest before Django's settings."""

import os
import tempfile

os.environ.setdefault("PORTAL_TESTING", "1")
os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="portal-test-"))
os.environ.setdefault("SECRET_KEY", "a-secret-for-tests-only-that-is-long-enough-to-be-accepted-0123456789")
os.environ.setdefault("LANGUAGE_CODE", "en")
os.environ.setdefault("VAULT_KEYS", "test:YSB2YXVsdCBrZXkgdGhhdCBpcyBmb3IgdGVzdHMgISE=")
