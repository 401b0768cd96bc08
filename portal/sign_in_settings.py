"""Who may come in and what a browser may do here: sign-in, sessions, headers. Part of portal.settings."""

from urllib.parse import urlsplit

from portal import environment as env

BASE_URL = (env.text("PURSER_BASE_URL") or env.own_address()).rstrip("/")
SECURE = BASE_URL.startswith("https://")

# Sign-in.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["portal.accounts.backends.PersonBackend"]
LOCAL_ACCOUNTS = env.flag("PURSER_LOCAL_ACCOUNTS")
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_ADAPTER = "portal.accounts.adapters.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "portal.accounts.adapters.SingleSignOnAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_ONLY = not LOCAL_ACCOUNTS
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
SOCIALACCOUNT_STORE_TOKENS = False
OIDC = {
    "name": env.text("OIDC_NAME", "single sign-on"),
    "issuer": env.text("OIDC_ISSUER").rstrip("/"),
    "client_id": env.text("OIDC_CLIENT_ID", "purser"),
    "secret": env.text("OIDC_CLIENT_SECRET"),
    "groups_claim": env.text("OIDC_GROUPS_CLAIM", "groups"),
}
SAML_METADATA_URL = env.text("SAML_METADATA_URL")
SAML_ENTITY_ID = env.text("SAML_ENTITY_ID")
GROUP_MAP_FILE = env.text("PURSER_GROUP_MAP_FILE")
TRUST_EMAIL = env.flag("PURSER_TRUST_EMAIL")
FIRST_ADMINISTRATORS = env.words("PURSER_FIRST_ADMINISTRATORS")
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": OIDC["name"],
                "client_id": OIDC["client_id"],
                "secret": OIDC["secret"],
                "settings": {"server_url": OIDC["issuer"]},
            }
        ]
        if OIDC["issuer"]
        else [],
    },
    "saml": {
        "APPS": [
            {
                "provider_id": SAML_ENTITY_ID,
                "client_id": "saml",
                "name": OIDC["name"],
                "settings": {
                    "idp": {"entity_id": SAML_ENTITY_ID, "metadata_url": SAML_METADATA_URL},
                    "attribute_mapping": {
                        "uid": "uid",
                        "email": "email",
                        "name": "displayName",
                        "groups": "groups",
                    },
                },
            }
        ]
        if SAML_METADATA_URL
        else [],
    },
}
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True

# Headers.
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
BEHIND_PROXY = env.flag("PURSER_BEHIND_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
X_FRAME_OPTIONS = "DENY"
_identity_origins = [
    "{0.scheme}://{0.netloc}".format(urlsplit(url)) for url in (OIDC["issuer"], SAML_METADATA_URL) if url
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        # Chromium checks each hop of the sign-in form's redirect, so the provider's origin stands here too.
        "form-action": ["'self'", *_identity_origins],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
