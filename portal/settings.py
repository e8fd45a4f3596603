"""Django settings, all from the environment (`docs/settings.md` lists them)."""

import base64
import hashlib
import ipaddress
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from lib.destinations import opened
from lib.env import Environment
from lib.failpoints import parse as parse_failpoints
from lib.pulse import Connection

env = Environment()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- where it lives -------------------------------------------------------------------------
TESTING = env.flag("PORTAL_TESTING")
DEBUG = env.flag("DEBUG")
HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000, low=1, high=65535)
DATA_DIR = Path(env.text("DATA_DIR", "var"))
DATA_DIR = DATA_DIR if DATA_DIR.is_absolute() else BASE_DIR / DATA_DIR
STATUS_DIR = Path(env.text("STATUS_DIR", str(DATA_DIR / "status")))
LOG_FORMAT = env.choice("LOG_FORMAT", "text", {"text", "json"})

postgres = env.database("DATABASE_URL")
EMBEDDED = postgres is None
REDIS_URL = env.text("REDIS_URL")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    env.problem("REDIS_URL takes redis://host:port/number")

# --- secrets --------------------------------------------------------------------------------
secrets_dir = DATA_DIR / "secrets" if EMBEDDED else None
SECRET_KEY = env.secret("SECRET_KEY", secrets_dir)
if SECRET_KEY and len(SECRET_KEY) < 50:
    env.problem("SECRET_KEY is shorter than 50 characters")
vault_text = env.text("VAULT_KEYS") or env.secret("VAULT_KEYS", secrets_dir)
# "id:base64,id:base64", the first encrypts, all decrypt. A made one is a passphrase, stretched to 32 bytes.
VAULT_KEYS: dict[str, bytes] = {}
for word in vault_text.split(","):
    key_id, colon, encoded = word.strip().partition(":")
    if not colon:
        if word.strip() and EMBEDDED:
            VAULT_KEYS["local"] = hashlib.sha256(word.strip().encode()).digest()
        elif word.strip():
            env.problem("VAULT_KEYS takes id:base64 of 32 bytes, separated by commas")
        continue
    try:
        VAULT_KEYS[key_id] = base64.b64decode(encoded, validate=True)
    except ValueError:
        VAULT_KEYS[key_id] = b""
    if len(VAULT_KEYS[key_id]) != 32:
        env.problem(f"VAULT_KEYS: the key {key_id!r} is not 32 bytes in base64")

# --- addresses ------------------------------------------------------------------------------
SITE_URL = env.url("SITE_URL", f"http://localhost:{PORT}")
PUBLIC_URL = env.url("PUBLIC_URL", SITE_URL)
STATUS_URL = env.url("STATUS_URL", f"{PUBLIC_URL}/status")
INGEST_URL = env.url("INGEST_URL", PUBLIC_URL)
if not urlsplit(STATUS_URL).path.strip("/") and urlsplit(STATUS_URL).hostname in {urlsplit(url).hostname for url in (SITE_URL, PUBLIC_URL, INGEST_URL)}:
    env.problem("STATUS_URL needs a path (…/status) or a host name of its own; else the public page would hide the console")
SECURE = SITE_URL.startswith("https://")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
TLS_CERT, TLS_KEY = env.text("TLS_CERT"), env.text("TLS_KEY")
if bool(TLS_CERT) != bool(TLS_KEY):
    env.problem("TLS_CERT and TLS_KEY go together")
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
site_host = urlsplit(SITE_URL).hostname or "localhost"


def is_private_host(host: str) -> bool:
    """Loopback names and private networks: where plain http is tolerated."""
    if host in {"localhost", "[::1]"} or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback or address.is_private


if not SECURE and not is_private_host(site_host):
    env.problem("SITE_URL is http on a public name; sign-in needs https there")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or sorted(
    {urlsplit(url).hostname or "" for url in (SITE_URL, PUBLIC_URL, STATUS_URL, INGEST_URL)} | (set(LOOPBACK) if is_private_host(site_host) else set())
)
if "*" in ALLOWED_HOSTS:
    env.problem("ALLOWED_HOSTS=* would let anyone forge links; name the hosts")
if DEBUG and not is_private_host(site_host):
    env.problem("DEBUG is on while SITE_URL is public")
EGRESS_ALLOW = env.words("EGRESS_ALLOW")
env.attempt("EGRESS_ALLOW", lambda: opened(tuple(EGRESS_ALLOW)))
HEARTBEAT_URL = env.url("HEARTBEAT_URL")
ALARM_URL = env.url("ALARM_URL")

# --- rooms ----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "template_partials",
    "csp",
    "django_structlog",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "lib",
    "accounts",
    "incidents",
    "comms",
    "detection",
    "statuspage",
    "postmortems",
    "portal",
]
MIDDLEWARE = [
    "django.middleware.gzip.GZipMiddleware",  # pages of 90 kB become 12; it pads at random, so secrets cannot be guessed by length
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.middleware.ResponseHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.RequestLogMiddleware",
    "portal.middleware.DatabaseAwayMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "portal.middleware.AddressMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SessionActivityMiddleware",
    "portal.access.AccessMiddleware",
    "portal.errors.RefusalMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
ASGI_APPLICATION = "portal.front.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.chrome",
            ],
        },
    }
]

# --- data -----------------------------------------------------------------------------------
if postgres:
    DATABASES = {
        "default": {
            **postgres,
            "ENGINE": "django.db.backends.postgresql",
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                **postgres.get("OPTIONS", {}),
                "connect_timeout": 2,
                # A peer that vanished without a word is noticed within seconds, not within TCP's two hours.
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "tcp_user_timeout": 10_000,
                # One whose kernel still acknowledges and which says nothing is noticed by `lib.pulse`.
                "connection_factory": Connection,
                "options": "-c lock_timeout=5000 -c statement_timeout=15000 -c idle_in_transaction_session_timeout=30000 -c timezone=UTC",
            },
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "portal.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # Deferred transactions fail "database is locked" when they turn into writers; IMMEDIATE ones wait.
                "transaction_mode": "IMMEDIATE",
                "timeout": 10,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY;"
                # REPLACE fires the append-only tables' delete triggers only so.
                " PRAGMA recursive_triggers=ON;",
            },
            # A file, not memory: threads of a test lock each other as processes do in life.
            "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
        }
    }
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # Redis' default serializer is pickle: writing to Redis would be running code here.
        "OPTIONS": {"serializer": "lib.cache.JSONSerializer", "socket_timeout": 0.25, "socket_connect_timeout": 0.25},
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "lib_cache",
        # The default of 300 would let a stranger flush the throttles by filling them.
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# --- people ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 12 * 3600
ACCOUNT_RATE_LIMITS = False  # accounts.throttle counts: per account and address, never locking a known device out
ACCOUNT_USER_DISPLAY = "accounts.models.display_name"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Incident Portal"
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off; accounts.codes takes each code once
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_FORMS = {"authenticate": "accounts.forms.CodeForm", "reauthenticate": "accounts.forms.CodeAgainForm"}
MFA_ALLOW_UNVERIFIED_EMAIL = True
ACCOUNTS_MAILER = "comms.account_mail.send"  # function(kind, person or address, params, key): writes an outbox row
USERSESSIONS_TRACK_ACTIVITY = True

# --- cookies and headers --------------------------------------------------------------------
prefix = "__Host-" if SECURE else ""
SESSION_COOKIE_NAME = f"{prefix}sessionid"
CSRF_COOKIE_NAME = f"{prefix}csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = SECURE
CSRF_TRUSTED_ORIGINS = sorted({SITE_URL, PUBLIC_URL} | ({f"http://{host}:{PORT}" for host in LOOPBACK} if not SECURE else set()))
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^version$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_PORTAL_SCHEME", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 17 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- language and time ----------------------------------------------------------------------
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LANGUAGE_CODE = env.choice("LANGUAGE_CODE", "en", {"en", "zh-hans"})
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
# Stored and computed in UTC; this is the zone shown to people who chose none.
TIME_ZONE = "UTC"
DEFAULT_TIME_ZONE = env.text("TIME_ZONE", "UTC")
env.attempt("TIME_ZONE", lambda: ZoneInfo(DEFAULT_TIME_ZONE))

# --- files ----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if TESTING or DEBUG else "portal.storage.StaticStorage"},
}
WHITENOISE_USE_FINDERS = TESTING or DEBUG
MEDIA_ROOT = DATA_DIR / "uploads"

# --- mail -----------------------------------------------------------------------------------
EMAIL_URL = env.text("EMAIL_URL")  # smtp://user:password@host:port, smtp+tls://, smtp+ssl://; unset: the console
if EMAIL_URL and urlsplit(EMAIL_URL).scheme not in {"smtp", "smtp+tls", "smtp+ssl", "smtps"}:
    env.problem("EMAIL_URL takes smtp://, smtp+tls:// or smtp+ssl://user:password@host:port")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Incident Portal <portal@{site_host}>")
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # nothing sends around the outbox

# --- REST -----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.TokenAuthentication", "accounts.authentication.BrowserSessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["portal.access.RoutePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.rest.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "accounts.rest.AlwaysJSON",
    "DEFAULT_PAGINATION_CLASS": "accounts.rest.CursorPages",
    "DEFAULT_SCHEMA_CLASS": "portal.schema.AutoSchema",
    "EXCEPTION_HANDLER": "accounts.problems.problem",
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Incident Portal",
    "DESCRIPTION": "Everything the console does, for machines.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["portal.access.RoutePermission"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "SeverityEnum": "incidents.models.Severity",
        "IncidentStateEnum": "incidents.models.State",
        "AlertStatusEnum": "detection.models.Alert.Status",
        "DeliveryStateEnum": "comms.models.Delivery.State",
        "ComponentStateEnum": "statuspage.models.ComponentState",
        "PublicKindEnum": "statuspage.models.Kind",
        "PublicStatusEnum": "statuspage.models.Status",
        "PostmortemStateEnum": "postmortems.models.Postmortem.State",
        "ActionItemStateEnum": "postmortems.models.ActionItem.State",
    },
}

# --- engine ---------------------------------------------------------------------------------
CELERY = {
    "broker_url": REDIS_URL or "memory://",
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {
        "visibility_timeout": 120,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "worker_prefetch_multiplier": 1,
    "worker_soft_shutdown_timeout": 4,
    "worker_hijack_root_logger": False,
    "task_default_queue": "engine",
    "timezone": "UTC",
}
HTMX_CONFIG = {
    "allowEval": False,
    "selfRequestsOnly": True,
    "includeIndicatorStyles": False,
    "allowScriptTags": False,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},  # a form that comes back with its mistakes
        {"code": "...", "swap": False, "error": True},
    ],
}
CSRF_FAILURE_VIEW = "portal.errors.csrf_failure"
FAILPOINTS = env.text("PORTAL_FAILPOINTS") if TESTING else ""
env.attempt("PORTAL_FAILPOINTS", lambda: parse_failpoints(FAILPOINTS))
ADMIN_PASSWORD = env.text("ADMIN_PASSWORD")

SILENCED_SYSTEM_CHECKS: list[str] = []
if not SECURE:
    # Plain http is allowed on loopback and private networks only (checked above); a strip on every page says so.
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W008", "security.W012", "security.W016"]

from portal.logs import LOGGING  # noqa: E402, F401 - needs LOG_FORMAT's reader above only for order of reading

env.finish()
