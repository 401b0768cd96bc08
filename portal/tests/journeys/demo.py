"""The running demo as scripts see it: its API, its registry, skopeo, Jira's page, and its parts."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import jwt

from portal.embedded.places import REPOSITORY
from portal.tests.journeys.steps import UnmetError, until

SERVICE = "purser-registry"
MANIFESTS = ("application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
             "application/vnd.docker.distribution.manifest.list.v2+json, "
             "application/vnd.docker.distribution.manifest.v2+json")  # fmt: skip


@dataclass(frozen=True)
class Credential:
    """A pull token: who signs in with what."""

    username: str
    secret: str


class Demo:
    """One running demo, read from `demo.json`."""

    def __init__(self, data: Path) -> None:
        path = data / "demo.json"
        if not path.exists():
            raise UnmetError(f"a running demo (there is no {path}; start it with: make demo)")
        self.data = data
        self.facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
        self.base: str = self.facts["base_url"]
        self.registry: str = self.facts["registry"]
        self.http = httpx.Client(timeout=30, trust_env=False)

    def api(self, role: str, method: str, path: str, *, status: int = 0, **sent: Any) -> Any:
        """Call the API as the role's person. Raises UnmetError for another status than asked (any 2xx unless named)."""
        url, token = f"{self.base}/api/v1/{path}", self.facts["people"][role]["token"]
        while True:
            answer = self.http.request(method, url, headers={"Authorization": f"Bearer {token}"}, **sent)
            if answer.status_code != 429 or status == 429:
                break
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        if answer.status_code != status and (status or not answer.is_success):
            wanted = status or "2xx"
            raise UnmetError(
                f"{method} /api/v1/{path} -> {wanted} (seen: {answer.status_code} {answer.text[:600]})"
            )
        return answer.json() if answer.content else None

    def pages(self, role: str, path: str, **query: Any) -> Iterator[Any]:
        """All results of a list, page after page."""
        answer = self.api(role, "GET", path, params={"limit": 100, **query})
        yield from answer["results"]
        while cursor := _cursor(answer.get("next")):
            answer = self.api(role, "GET", path, params={"limit": 100, **query, "cursor": cursor})
            yield from answer["results"]

    def ask(
        self, *, project: str, images: Sequence[str], members: Sequence[str], **answers: Any
    ) -> dict[str, Any]:
        """A request of the lead, sent."""
        body = {
            "project": project, "images": list(images), "role": "viewer", "members": list(members),
            "use_case": "Journey: train and serve the fraud model", "days": 7, "environment": "research",
            "submit": True,
        } | answers  # fmt: skip
        if "ends" in body:
            body.pop("days")
        request: dict[str, Any] = self.api("lead", "POST", "requests/", json=body, status=201)
        return request

    def approve(self, request: dict[str, Any]) -> float:
        """All lanes say yes, security last; returns the moment of the last answer (time.monotonic)."""
        for lane in sorted((lane["name"] for lane in request["lanes"]), key=["mlops", "security"].index):
            body = {"lane": lane, "verdict": "approve", "reason": "", "revision": request["revision"]}
            self.api(lane, "POST", f"requests/{request['id']}/decisions/", json=body)
        return time.monotonic()

    def grant_of(self, request: dict[str, Any]) -> dict[str, Any]:
        """The access that came of a request."""
        (grant,) = self.api("lead", "GET", "grants/", params={"request": request["id"]})["results"]
        return dict(grant)

    def give_back(self, grant: dict[str, Any]) -> None:
        """The lead returns the access."""
        self.api("lead", "POST", f"grants/{grant['id']}/return/", json={"note": "journey"})

    def credentials(self, user_names: Sequence[str]) -> list[Credential]:
        """A pull token for each, made on the server; the API gives one to oneself only."""
        lines = self.manage("create_credential", *user_names, "--hours", "2").splitlines()
        return [Credential(each["username"], each["secret"]) for each in map(json.loads, lines)]

    def token(self, who: Credential | None, repository: str, actions: str = "pull") -> str:
        """A registry token, or an empty text when the service refuses or is down."""
        query = {"service": SERVICE, "scope": f"repository:{repository}:{actions}"}
        sign_in = httpx.BasicAuth(who.username, who.secret) if who else None
        try:
            answer = self.http.get(f"{self.base}/registry/token", params=query, auth=sign_in)
        except httpx.TransportError:
            return ""
        return str(answer.json()["token"]) if answer.status_code == 200 else ""

    def may(self, who: Credential | None, repository: str, action: str = "pull") -> bool:
        """Whether a new token opens the repository."""
        token = self.token(who, repository, action)
        return any(action in each["actions"] for each in claims(token)["access"]) if token else False

    def manifest(self, token: str, repository: str, reference: str = "stable") -> int:
        """The registry's status for a pull of the manifest with this token."""
        headers = {"Authorization": f"Bearer {token}", "Accept": MANIFESTS}
        url = f"http://{self.registry}/v2/{repository}/manifests/{reference}"
        return self.http.get(url, headers=headers).status_code

    def pull(self, who: Credential | None, repository: str) -> tuple[bool, str]:
        """`skopeo copy` to a folder: whether it worked, and what it said."""
        creds = [f"--src-creds={who.username}:{who.secret}"] if who else ["--src-no-creds"]
        with tempfile.TemporaryDirectory() as folder:
            source = f"docker://{self.registry}/{repository}:stable"
            return skopeo("copy", "--src-tls-verify=false", *creds, source, f"dir:{folder}/image")

    def push(self, who: Credential, repository: str, tag: str) -> tuple[bool, str]:
        """`skopeo copy` from the tag `stable` to another one: whether it worked, and what it said."""
        place = f"docker://{self.registry}/{repository}"
        pair = f"{who.username}:{who.secret}"
        switches = ["--src-tls-verify=false", "--dest-tls-verify=false", "--multi-arch=all"]
        creds = [f"--src-creds={pair}", f"--dest-creds={pair}"]
        return skopeo("copy", *switches, *creds, f"{place}:stable", f"{place}:{tag}")

    def jira(self, issue: str, action: str) -> None:
        """Press Jira's button: `done` or `reopen`."""
        url = f"{self.facts['jira']['base_url']}/issues/{issue}/{action}"
        answer = self.http.post(url)
        if answer.status_code != 303:
            raise UnmetError(f"Jira's {action} button -> 303 (seen: {answer.status_code})")

    def parts(self, action: str, *names: str) -> None:
        """Stop, kill or start parts of the demo."""
        self.manage("demo_part", action, *names)

    def manage(self, *words: str) -> str:
        """Run one of Purser's commands on the demo. Raises UnmetError with what it said when it fails."""
        argv = [sys.executable, "manage.py", *words]
        settings = {**os.environ, "PURSER_DATA_DIR": str(self.data)}
        done = subprocess.run(argv, cwd=REPOSITORY, env=settings, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise UnmetError(f"manage.py {words[0]} works (seen: {done.stderr.strip()[-600:]})")
        return done.stdout

    def wait_for_pulls(self, grant: dict[str, Any], count: int) -> list[Any]:
        """The pull log of a grant once it holds that many, or what it holds after 20 seconds."""
        found: list[Any] = []

        def enough() -> bool:
            found[:] = self.pages("auditor", "pulls/", grant=grant["id"])
            return len(found) >= count

        until(enough, seconds=20, every=0.3)
        return found


def claims(token: str) -> dict[str, Any]:
    """What stands in a token."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


def moment(text: str) -> float:
    """Seconds since 1970 of an ISO time."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def skopeo(*words: str) -> tuple[bool, str]:
    """Run skopeo; whether it worked, and what it said."""
    program = shutil.which("skopeo")
    if program is None:
        raise UnmetError("skopeo is installed (apt-get install skopeo)")
    settings = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", "NO_PROXY": "*"}
    done = subprocess.run(  # noqa: S603 - arguments are ours
        [program, *words], capture_output=True, text=True, check=False, env=settings, timeout=120
    )
    return done.returncode == 0, done.stderr.strip()[-400:]


def _cursor(following: str | None) -> str:
    return httpx.URL(following).params.get("cursor", "") if following else ""
