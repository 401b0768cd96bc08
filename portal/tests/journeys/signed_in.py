"""Somebody signed in to the running demo as a browser without scripts is: cookies and a CSRF token, no API token."""

from types import TracebackType
from typing import Any, Self

import httpx

from portal.sandbox.organisation.people import CAN_SIGN_IN
from portal.tests.journeys.demo import Demo
from portal.tests.journeys.steps import UnmetError


class SignedIn:
    """The person of a role of `demo.json`, signed in through the identity provider while the block lasts."""

    def __init__(self, demo: Demo, role: str) -> None:
        self._base = demo.base
        (self._who,) = [person.user_name for person in CAN_SIGN_IN if person.seat == role]
        self._http = httpx.Client(timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        self._http.get(f"{self._base}/accounts/login/")
        form = {"csrfmiddlewaretoken": self._csrf()}
        away = self._http.post(f"{self._base}/accounts/oidc/sso/login/", data=form)
        back = self._http.post(away.headers["location"], data={"sub": self._who})
        self._http.get(back.headers["location"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def post(self, path: str, body: dict[str, Any], *, status: int) -> Any:
        """Post to the API with the session. Raises UnmetError for another status."""
        headers = {"X-CSRFToken": self._csrf()}
        answer = self._http.post(f"{self._base}/api/v1/{path}", json=body, headers=headers)
        if answer.status_code != status:
            seen = f"{answer.status_code} {answer.text[:600]}"
            raise UnmetError(f"POST /api/v1/{path} as a browser -> {status} (seen: {seen})")
        return answer.json()

    def _csrf(self) -> str:
        return self._http.cookies.get("csrf") or ""
