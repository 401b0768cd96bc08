"""What an identity provider sent -> the directory's Claims, for OpenID Connect and SAML. Pure."""

from collections.abc import Mapping
from typing import Any

from grants.directory.folding import clean, fold_address
from grants.directory.types import Claims

MAX_NAME = 200
MAX_USER_NAME = 140


def oidc_claims(data: Mapping[str, Any], *, groups_claim: str, trust_email: bool) -> Claims:
    """Read `{"userinfo": …, "id_token": …}`; groups may stand in either (OpenID Connect Core 5.1, 5.3).

    `groups_claim` may be a path such as `realm_access.roles`. `trust_email` takes addresses for verified where
    the provider says nothing about it; an address that it calls unverified stays so.
    """
    said: dict[str, Any] = {**(data.get("id_token") or {}), **(data.get("userinfo") or {})}
    address = _text(said.get("email"))
    verified = said.get("email_verified")
    return Claims(
        address=fold_address(address) if "@" in address else "",
        address_verified=_is_true(verified) or (verified is None and trust_email),
        user_name=fold_address(_text(said.get("preferred_username")))[:MAX_USER_NAME],
        name=_text(said.get("name"))[:MAX_NAME],
        groups=_groups(said, groups_claim),
    )


def saml_claims(
    attributes: Mapping[str, list[str]], mapping: Mapping[str, str], *, trust_email: bool
) -> Claims:
    """Read a SAML assertion's attributes by our mapping of field -> attribute name."""

    def values(field: str) -> list[str]:
        return list(attributes.get(mapping.get(field, field)) or [])

    def first(field: str) -> str:
        return _text(next(iter(values(field)), ""))

    return Claims(
        address=fold_address(first("email")),
        address_verified=trust_email or _is_true(first("email_verified")),
        user_name=fold_address(first("username"))[:MAX_USER_NAME],
        name=first("name")[:MAX_NAME],
        groups=tuple(values("groups")) if mapping.get("groups", "groups") in attributes else None,
    )


def _groups(said: Mapping[str, Any], path: str) -> tuple[str, ...] | None:
    if path in (said.get("_claim_names") or {}):
        # Entra ID's overage: too many groups to send. Nobody loses places because a list was too long.
        return None
    # Nor because a provider stopped sending the claim: only a list, even an empty one, says where somebody is.
    value: Any = said[path] if path in said else _at(said, path.split("."))
    if value is None:
        return None
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _at(said: Any, path: list[str]) -> Any:
    for step in path:
        said = said.get(step) if isinstance(said, Mapping) else None
    return said


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() == "true"


def _text(value: object) -> str:
    return " ".join(clean(value).split()) if isinstance(value, str) else ""
