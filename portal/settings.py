"""Purser's settings, from the environment only; docs/operations.md lists each one."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from portal import environment as env
from portal.secret_key import secret_key
from portal.sign_in_settings import *  # noqa: F403 - sign-in, sessions and headers have a module of their own
from portal.sign_in_settings import BASE_URL

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("PURSER_DATA_DIR", str(BASE_DIR / ".data")))
VERSION = "0.1.0"
PRODUCT_NAME = env.text("PURSER_NAME", "Purser")

DEBUG = env.flag("PURSER_DEBUG")
SECRET_KEY = secret_key(DATA_DIR)
ALLOWED_HOSTS = [*env.words("PURSER_HOSTS"), urlsplit(BASE_URL).hostname or "", "127.0.0.1", "localhost"]
CSRF_TRUSTED_ORIGINS = [BASE_URL, *env.words("PURSER_TRUSTED_ORIGINS")]

INSTALLED_APPS = [
    "audit.ledger",
    "audit.pulls",
    "audit.costs",
    "grants.directory",
    "grants.catalogue",
    "grants.lifecycle",
    "grants.delivery",
    "grants.tokens",
    "grants.tracker",
    "approvals.requests",
    "portal.accounts",
    "portal.pages",
    "portal.api",
    "portal.live",
    "portal.notify",
    "portal.webhooks",
    "portal.cli",
    "portal",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "channels",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.accounts.middleware.ViewerMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.pages.shell.shell",
            ]
        },
    }
]

# Data. Two roles: the owner migrates, the application can only add to the ledger (docs/operations.md).
env.adopt_files(os.environ, env.ADDRESSES)
_role = "DATABASE_OWNER_URL" if os.environ.get("PURSER_DATABASE_ROLE") == "owner" else "DATABASE_URL"
DATABASES = {
    "default": env.database(
        env.required(
            os.environ, _role, "Start through manage.py for the embedded database, or name your own."
        )
    )
}
DATABASE_APP_ROLE = env.database(os.environ["DATABASE_URL"])["USER"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.redis_url(REDIS_URL, 1),
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # redis-py 8 would cut each idle socket after its default 5 s; channels waits exactly that long.
        "CONFIG": {"hosts": [{"address": env.redis_url(REDIS_URL, 2), "socket_timeout": None}]},
    }
}

# Work in the background. The rows are the queue: each of these only looks for due rows.
CELERY_BROKER_URL = env.broker_url(env.text("BROKER_URL", REDIS_URL))
CELERY_TASK_IGNORE_RESULT = True
CELERY_DB_REUSE_MAX = 100
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "run" / "beat")
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for name, task, seconds in [
        ("checkpoint", "audit.ledger.tasks.checkpoint", 30.0),
        ("seal", "audit.pulls.tasks.seal", 20.0),
        ("windows", "grants.lifecycle.tasks.advance", 2.0),
        ("deliver", "grants.delivery.tasks.sweep", 2.0),
        ("drift", "grants.delivery.drift_tasks.scan_due", 15.0),
        ("tracker", "grants.tracker.tasks.poll", float(env.number("PURSER_JIRA_POLL_SECONDS", 300, least=5))),
        ("tracker-due", "grants.tracker.tasks.sweep", 5.0),
        ("catalogue", "grants.catalogue.tasks.sync", float(env.number("PURSER_SYNC_SECONDS", 300, least=5))),
        (
            "harbor-scans",
            "portal.webhooks.tasks.read_missing_harbor_scans",
            float(env.number("PURSER_SYNC_SECONDS", 300, least=5)),
        ),
        ("keys", "grants.tokens.tasks.rotate_keys", 600.0),
        ("usage", "audit.costs.tasks.pull_due", 60.0),
        ("costs-threshold", "audit.costs.tasks.rederive", 60.0),
        ("costs-check", "audit.costs.tasks.nightly", 86_400.0),
        ("outlooks", "audit.costs.tasks.refresh_outlooks", 60.0),
        ("anomalies", "audit.costs.tasks.find_anomalies", 600.0),
        ("seal-tokens", "grants.tokens.tasks.seal", 20.0),
        ("lapse", "approvals.requests.tasks.lapse", 300.0),
        ("mail", "portal.notify.tasks.deliver", 5.0),
        ("reminders", "portal.notify.tasks.remind", 300.0),
        ("cost-notices", "portal.notify.tasks.costs", 300.0),
        ("cost-months", "portal.notify.tasks.cost_months", 1800.0),
        ("heartbeat", "portal.pages.health.tasks.beat", 5.0),
    ]
}

# How often each target that keeps entries is looked at for what changed there without us.
DRIFT_SECONDS = env.number("PURSER_DRIFT_SECONDS", 900, least=30)

# Words, places, files.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = env.text("PURSER_TIME_ZONE", "UTC")
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("PURSER_STATIC_DIR", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.text(
            "PURSER_STATIC_STORAGE", "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000

# Mail: to a folder in the demo, by SMTP when a host is named.
EMAIL_HOST = env.text("SMTP_HOST")
EMAIL_PORT = env.number("SMTP_PORT", 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.text("SMTP_USER"), env.text("SMTP_PASSWORD")
EMAIL_USE_TLS = env.flag("SMTP_STARTTLS", default=True)
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
DEFAULT_FROM_EMAIL = env.text("PURSER_MAIL_FROM", "purser@localhost")

# The registry token service and its registry (docs/connectors.md).
REGISTRY = {
    "key": env.text("REGISTRY_KEY", "main"),
    "name": env.text("REGISTRY_NAME", "Main registry"),
    "host": env.text("REGISTRY_HOST", "127.0.0.1:5001"),
    "api_url": env.text("REGISTRY_URL", "http://127.0.0.1:5001"),
    "service": env.text("REGISTRY_SERVICE", "purser-registry"),
    "issuer": env.text("REGISTRY_ISSUER", "purser"),
    "notification_secret": env.text("REGISTRY_NOTIFICATION_SECRET"),
}
TOKEN_CACHE = env.flag("PURSER_TOKEN_CACHE", default=True)
ANONYMOUS_TOKEN_DAYS = env.number("PURSER_ANONYMOUS_TOKEN_DAYS", 30, least=1)
PURSER_KEY_DIR = Path(env.text("PURSER_KEY_DIR", str(DATA_DIR / "keys")))
PURSER_CHECKPOINT_DIRS = [Path(p) for p in env.words("PURSER_CHECKPOINT_DIRS", str(DATA_DIR / "checkpoints"))]

# Jira.
JIRA = {
    "base_url": env.text("JIRA_URL").rstrip("/"),
    "user": env.text("JIRA_USER"),
    "token": env.text("JIRA_TOKEN"),
    "webhook_secrets": env.words("JIRA_WEBHOOK_SECRET"),
    "bearer_secrets": env.words("JIRA_WEBHOOK_BEARER"),
}

# Policy.
POLICY = {
    "default_days": env.number("PURSER_DEFAULT_DAYS", 90, least=1),
    "max_days": env.number("PURSER_MAX_DAYS", 180, least=1),
    "scan_max_age_days": env.number("PURSER_SCAN_MAX_AGE_DAYS", 14, least=1),
    "block_critical": env.flag("PURSER_BLOCK_CRITICAL", default=True),
    "lapse_days": env.number("PURSER_LAPSE_DAYS", 14, least=1),
    "target_hours": env.number("PURSER_TARGET_HOURS", 24, least=1),
}

# The brake: what triggers of one kind may end unasked within the window.
BRAKE = {
    "share": env.number("PURSER_BRAKE_SHARE", 20, least=1),
    "floor": env.number("PURSER_BRAKE_FLOOR", 10),
    "window_minutes": env.number("PURSER_BRAKE_WINDOW_MINUTES", 10, least=1),
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api.authentication.TokenAuthentication",
        "portal.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.permissions.ActivePerson"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["portal.api.throttling.PersonThrottle"],
    "DEFAULT_THROTTLE_RATES": {"person": env.text("PURSER_API_RATE", "600/min")},
    "EXCEPTION_HANDLER": "portal.api.problems.problem_response",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Purser API",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
}

LOGGING_CONFIG = "portal.logs.configure"
LOGGING = {"level": env.text("PURSER_LOG_LEVEL", "INFO")}
TEST_RUNNER = "django.test.runner.DiscoverRunner"
