"""Artifact Registry over REST (repositories, images, policies), policies of crypto keys, and the Docker host."""

import base64
from typing import Any

from portal.sandbox.google.state import Document, GoogleState
from portal.sandbox.standin import Standin
from portal.sandbox.wire import HttpError, Request, Response, json_response

MOST_GROUPS, MOST_PRINCIPALS = 250, 1500
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class PolicyCalls:
    """The handlers; they read and change the stand-in's state."""

    def __init__(self, app: Standin[GoogleState]) -> None:
        self._app = app
        resource = r"/v1/(?P<resource>projects/.+)"
        app.router.add("GET", rf"{resource}:getIamPolicy", self.read)
        app.router.add("POST", rf"{resource}:setIamPolicy", self.write)
        app.router.add("POST", rf"{resource}:testIamPermissions", self.test)
        app.router.add("GET", r"/v1/(?P<parent>projects/[^/]+/locations/[^/]+)/repositories", self.list)
        app.router.add("GET", r"/v1/(?P<resource>projects/.+)/dockerImages", self.images)
        for method in ("HEAD", "GET"):
            app.router.add(method, r"/v2/(?P<path>.+)/manifests/(?P<reference>[^/]+)", self.manifest)

    @property
    def _state(self) -> GoogleState:
        return self._app.state

    def read(self, request: Request, resource: str) -> Response:
        """getIamPolicy: without version 3 asked for, conditions are not shown."""
        self._known(resource)
        policy = self._state.policy(resource)
        return json_response(_shown(policy, version=int(request.arg("options.requestedPolicyVersion", "1"))))

    def write(self, request: Request, resource: str) -> Response:
        """setIamPolicy: an old etag is refused; none at all overwrites, and version 1 loses the conditions."""
        self._known(resource)
        sent, now = request.json().get("policy", {}), self._state.policy(resource)
        conditional = any("condition" in one for one in now["bindings"] + sent.get("bindings", []))
        if sent.get("etag") and sent["etag"] != _etag(now["etag"]):
            raise HttpError(409, "There were concurrent policy changes. The ETag did not match.")
        if sent.get("etag") and conditional and sent.get("version") != 3:
            raise HttpError(400, "Policies with conditions need version 3.")
        bindings = [self._binding(one, keeps=sent.get("version") == 3) for one in sent.get("bindings", [])]
        _check_limits(bindings)
        return json_response(_shown(self._state.write_policy(resource, bindings), version=3))

    def test(self, request: Request, resource: str) -> Response:
        """testIamPermissions: the caller may do everything."""
        self._known(resource)
        return json_response({"permissions": request.json().get("permissions", [])})

    def list(self, request: Request, parent: str) -> Response:
        """The repositories of a location, in pages."""
        found = [one for key, one in sorted(self._state.repositories.items()) if key.startswith(f"{parent}/")]
        return json_response(_page(found, request, "repositories"))

    def images(self, request: Request, resource: str) -> Response:
        """The versions of all images of a repository, in pages."""
        self._known(resource)
        found = [
            _image(resource, name, version)
            for name, versions in sorted(self._state.images[resource].items())
            for version in versions
        ]
        return json_response(_page(found, request, "dockerImages"))

    def manifest(self, request: Request, path: str, reference: str) -> Response:
        """The Docker host: whoever's token it is must be let in, in effect and not only on paper."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        known = self._state.tokens.get(token)
        if known is None or known["until"] <= self._state.clock():
            raise HttpError(401, "UNAUTHORIZED")
        project, _, rest = path.partition("/")
        repository, _, image = rest.partition("/")
        resource = self._resource(project, repository)
        disabled = self._state.accounts.get(known["email"], {}).get("disabled", True)
        if resource is None or disabled or not self._state.may_pull(known["email"], resource):
            raise HttpError(403, "DENIED")
        for version in self._state.images[resource].get(image, []):
            if reference == version["digest"] or reference in version["tags"]:
                headers = {"Content-Type": _MANIFEST, "Docker-Content-Digest": version["digest"]}
                return Response(200, b"", headers)
        raise HttpError(404, "MANIFEST_UNKNOWN")

    def _resource(self, project: str, repository: str) -> str | None:
        begin, end = f"projects/{project}/", f"/repositories/{repository}"
        return next((r for r in self._state.repositories if r.startswith(begin) and r.endswith(end)), None)

    def _known(self, resource: str) -> None:
        if resource not in self._state.repositories and "/cryptoKeys/" not in resource:
            raise HttpError(404, f"Requested entity was not found: {resource}")

    def _binding(self, sent: Document, *, keeps: bool) -> Document:
        members = list(dict.fromkeys(_spelled(member) for member in sent.get("members", [])))
        for member in members:
            self._check_exists(member)
        made: Document = {"role": sent["role"], "members": members}
        if keeps and sent.get("condition"):
            made["condition"] = sent["condition"]
        return made

    def _check_exists(self, member: str) -> None:
        kind, _, name = member.partition(":")
        here = name.endswith(f"@{self._state.domain}")
        if kind == "group" and here and self._state.group_by_address(name) is None:
            raise HttpError(400, f"Group {name} does not exist.")


def _spelled(member: str) -> str:
    kind, _, name = member.partition(":")
    return member.lower() if kind in ("user", "group", "domain") else f"{kind}:{name}" if name else member


def _etag(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _shown(policy: Document, *, version: int) -> Document:
    conditional = any("condition" in one for one in policy["bindings"])
    bindings = policy["bindings"]
    if version < 3:
        bindings = [{name: one[name] for name in ("role", "members")} for one in bindings]
    number = 3 if conditional and version >= 3 else 1
    return {"version": number, "etag": _etag(policy["etag"]), "bindings": bindings}


def _check_limits(bindings: list[Document]) -> None:
    members = [member for one in bindings for member in one["members"]]
    if any(not one["members"] for one in bindings):
        raise HttpError(400, "A binding needs at least one member.")
    if len(members) > MOST_PRINCIPALS:
        raise HttpError(400, "The policy has too many members.")
    if sum(member.startswith(("group:", "domain:")) for member in members) > MOST_GROUPS:
        raise HttpError(400, "The policy has too many groups.")


def _image(resource: str, name: str, version: Document) -> Document:
    host = f"{resource.split('/')[3]}-docker.pkg.dev/{resource.split('/')[1]}/{resource.split('/')[5]}"
    return {
        "name": f"{resource}/dockerImages/{name.replace('/', '%2F')}@{version['digest']}",
        "uri": f"{host}/{name}@{version['digest']}",
        "tags": version["tags"],
        "imageSizeBytes": str(version["size"]),
        "mediaType": _MANIFEST,
        "uploadTime": version["uploaded"],
    }


def _page(found: list[Document], request: Request, key: str) -> dict[str, Any]:
    size, first = int(request.arg("pageSize", "0") or 0) or 100, int(request.arg("pageToken", "0") or 0)
    page: dict[str, Any] = {key: found[first : first + size]}
    if first + size < len(found):
        page["nextPageToken"] = str(first + size)
    return page
