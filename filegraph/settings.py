"""Django's settings, made from ``filegraph.environment``. Everything an operator may change stands there."""

from __future__ import annotations

from typing import Any

from filegraph.databases import database_from_url, sqlite
from filegraph.environment import read_environment
from filegraph.first_store import first_store
from filegraph.secret_key import read_secret_key

ENVIRONMENT = read_environment()

DEBUG = ENVIRONMENT.debug
DATA_DIR = ENVIRONMENT.data_dir.absolute()
FIRST_STORE = first_store(ENVIRONMENT, DATA_DIR)
SECRET_KEY = ENVIRONMENT.secret_key.get_secret_value() if ENVIRONMENT.secret_key else read_secret_key(DATA_DIR)
SECRET_KEY_FALLBACKS = ENVIRONMENT.secret_key_fallbacks

PUBLIC_URL = ENVIRONMENT.public_url
# Names under which other machines may reach the server.
OUTSIDE_HOSTS = [*filter(None, [ENVIRONMENT.public_host]), *ENVIRONMENT.allowed_hosts]
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *OUTSIDE_HOSTS]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "authz",
    "accounts",
    "storage",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "filegraph.urls"
ASGI_APPLICATION = "filegraph.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": database_from_url(ENVIRONMENT.database_url, threads=ENVIRONMENT.database_threads)
    if ENVIRONMENT.database_url
    else sqlite(DATA_DIR / "database.sqlite3")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.services.admin_login.AdminLogin"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

_OVER_TLS = PUBLIC_URL.startswith("https://")
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "filegraph_session"
SESSION_COOKIE_AGE = ENVIRONMENT.session_lifetime
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _OVER_TLS
CSRF_COOKIE_NAME = "filegraph_admin_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = _OVER_TLS
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if _OVER_TLS else 0
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
STATIC_URL = "/static/"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {
        "without_paths": {"()": "filegraph.logs.WithoutPaths"},
        "without_refusals": {"()": "filegraph.logs.WithoutRefusals"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["without_paths", "without_refusals"],
        }
    },
    "root": {"handlers": ["stderr"], "level": ENVIRONMENT.log_level},
    "loggers": {
        "django": {"handlers": [], "level": ENVIRONMENT.log_level, "propagate": True},
        # Paths of the byte plane are secrets: nothing that writes them down is on.
        "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
        "httpx": {"level": "WARNING"},
    },
}

FILEGRAPH_PUBLIC_URL = PUBLIC_URL
FILEGRAPH_ALLOWED_ORIGINS = tuple(ENVIRONMENT.allowed_origins)
FILEGRAPH_TRUSTED_PROXIES = tuple(ENVIRONMENT.trusted_proxies)
FILEGRAPH_DATABASE_THREADS = ENVIRONMENT.database_threads
FILEGRAPH_MAX_CONNECTIONS = ENVIRONMENT.max_connections
FILEGRAPH_MAX_CONNECTIONS_PER_ADDRESS = ENVIRONMENT.max_connections_per_address
FILEGRAPH_SWEEP_INTERVAL = ENVIRONMENT.sweep_interval
FILEGRAPH_SIGN_IN_ATTEMPTS = ENVIRONMENT.sign_in_attempts
FILEGRAPH_UPLOAD_LIFETIME = ENVIRONMENT.upload_lifetime
FILEGRAPH_MAX_FILE_SIZE = ENVIRONMENT.max_file_size
FILEGRAPH_MAX_OPEN_UPLOADS = ENVIRONMENT.max_open_uploads
FILEGRAPH_TOMBSTONE_GRACE = ENVIRONMENT.tombstone_grace
FILEGRAPH_UPLOAD_RETENTION = ENVIRONMENT.upload_retention
FILEGRAPH_DOWNLOAD_LIFETIME = ENVIRONMENT.download_lifetime
FILEGRAPH_DOWNLOAD_LIFETIME_MAX = ENVIRONMENT.download_lifetime_max
FILEGRAPH_TRANSFER_IDLE_TIMEOUT = ENVIRONMENT.transfer_idle_timeout
FILEGRAPH_TRANSFER_MIN_RATE = ENVIRONMENT.transfer_min_rate
FILEGRAPH_TRANSFER_RATE_GRACE = ENVIRONMENT.transfer_rate_grace
FILEGRAPH_TRANSFER_SEND_TIMEOUT = ENVIRONMENT.transfer_send_timeout
FILEGRAPH_TRANSFER_LINGER = ENVIRONMENT.transfer_linger
FILEGRAPH_TRANSFER_FILE_THREADS = ENVIRONMENT.transfer_file_threads
FILEGRAPH_TRANSFER_BUFFER_BUDGET = ENVIRONMENT.transfer_buffer_budget
FILEGRAPH_AUTHZ_CLIENT = ENVIRONMENT.authz_client
FILEGRAPH_OPENFGA_API_URL = ENVIRONMENT.openfga_api_url
FILEGRAPH_OPENFGA_API_TOKEN = ENVIRONMENT.openfga_api_token.get_secret_value() if ENVIRONMENT.openfga_api_token else ""
FILEGRAPH_OPENFGA_STORE_ID = ENVIRONMENT.openfga_store_id
FILEGRAPH_OPENFGA_MIRROR_STRUCTURE = ENVIRONMENT.openfga_mirror_structure
FILEGRAPH_OPENFGA_PROJECTION_SECONDS = ENVIRONMENT.openfga_projection_seconds
FILEGRAPH_METRICS = tuple(ENVIRONMENT.metrics)
FILEGRAPH_AUDIT = ENVIRONMENT.audit
FILEGRAPH_AUDIT_DENIALS = ENVIRONMENT.audit_denials
FILEGRAPH_AUDIT_RETENTION = ENVIRONMENT.audit_retention
FILEGRAPH_AUTHZ_SHADOW = ENVIRONMENT.authz_shadow
FILEGRAPH_AUTHZ_SHADOW_SAMPLE = ENVIRONMENT.authz_shadow_sample
# Where differences between the engines are kept, to be looked into.
SHADOW_DIR = DATA_DIR / "shadow"
FILEGRAPH_STORAGE_BACKEND_CLASSES = ENVIRONMENT.storage_backend_classes
FILEGRAPH_DIRECT_UPLOAD_LIFETIME = ENVIRONMENT.direct_upload_lifetime
FILEGRAPH_DIRECT_DOWNLOAD_LIFETIME = ENVIRONMENT.direct_download_lifetime
