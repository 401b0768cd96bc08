"""Reading a Harbor: its catalogue, what its scanner found, how much may be stored. Changes nothing but a quota."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from grants.connectors.errors import Malformed, NotFound, Permanent
from grants.connectors.harbor_names import project_of
from grants.connectors.harbor_reports import REPORT_TYPES, trivy_report
from grants.connectors.harbor_wire import HarborWire, segment
from grants.connectors.manifests import Manifest
from grants.connectors.registry import RegistryClient

SERVICE = "harbor-registry"
NO_LIMIT = -1


@dataclass(frozen=True, slots=True)
class Quota:
    """What a project may store and stores, in bytes; `hard` is -1 for no limit."""

    number: int
    hard: int
    used: int


def harbor_tokens(wire: HarborWire) -> Callable[[list[str]], str]:
    """Tokens of Harbor's own token service, for the Docker side (`RegistryClient`)."""

    def token_for(scopes: list[str]) -> str:
        query = [("service", SERVICE), *(("scope", scope) for scope in scopes)]
        document = wire.plain("/service/token", query=query)
        token = document.get("token") if isinstance(document, dict) else None
        if not isinstance(token, str) or not token:
            raise Malformed(f"{wire.host} gave no token.")
        return token

    return token_for


class HarborReader:
    """What the catalogue reads (`grants.catalogue.sync.Reader`), and the facts it does not.

    Repositories and tags come from Harbor's API, because its Docker side lists them to nobody but administrators;
    manifests come from the Docker side, and Harbor counts reading one as a pull by Purser's own robot.
    """

    def __init__(self, wire: HarborWire, docker: RegistryClient, *, projects: Sequence[str] = ()) -> None:
        self._wire = wire
        self._docker = docker
        self._projects = tuple(projects)
        self._tags: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()
        self._docker.close()

    def repositories(self) -> list[str]:
        """Names of all repositories of the projects followed; without any, of all that our robot sees."""
        projects = self._projects or tuple(str(row["name"]) for row in self._wire.pages("/projects"))
        rows = (
            row for name in projects for row in self._wire.pages(f"/projects/{segment(name)}/repositories")
        )
        return sorted(str(row["name"]) for row in rows)

    def tags(self, repository: str) -> list[str]:
        """Names of a repository's tags. Raises NotFound when it is unknown."""
        self._tags[repository] = dict(self._read_tags(repository))
        return sorted(self._tags[repository])

    def head_manifest(self, repository: str, reference: str) -> str:
        """The digest of a tag, as the last `tags` of this reader saw it, else as Harbor says now."""
        known = self._tags.get(repository, {}).get(reference)
        return known or str(self._wire.get(_artifact(repository, reference))["digest"])

    def manifest(self, repository: str, reference: str) -> Manifest:
        """What a digest holds."""
        return self._docker.manifest(repository, reference)

    def scan_report(self, repository: str, digest: str) -> bytes | None:
        """What Harbor's scanner found, as Trivy's JSON for `upload_scan`; None when it never looked."""
        headers = {"X-Accept-Vulnerabilities": ", ".join(REPORT_TYPES)}
        path = f"{_artifact(repository, digest)}/additions/vulnerabilities"
        return trivy_report(self._wire.get(path, headers=headers), repository=repository, digest=digest)

    def begin_scan(self, repository: str, digest: str) -> None:
        """Ask Harbor to scan; the webhook tells when it is done."""
        self._wire.send("POST", f"{_artifact(repository, digest)}/scan")

    def quota(self, project: str) -> Quota:
        """A project's storage quota."""
        row = self._quota_row(project)
        return Quota(int(row["id"]), _storage(row, "hard", NO_LIMIT), _storage(row, "used", 0))

    def set_quota(self, project: str, *, limit: int) -> Quota:
        """Set a project's storage limit in bytes (-1: none) and leave its other limits; what Harbor then says."""
        if limit < NO_LIMIT or limit == 0:
            raise Permanent("A storage limit is a number of bytes, or -1 for none.")
        row = self._quota_row(project)
        if _storage(row, "hard", NO_LIMIT) != limit:
            hard = {**(row.get("hard") or {}), "storage": limit}
            self._wire.send("PUT", f"/quotas/{row['id']}", {"hard": hard})
        return self.quota(project)

    def _quota_row(self, project: str) -> dict[str, Any]:
        number = self._wire.get(f"/projects/{segment(project)}")["project_id"]
        for row in self._wire.pages("/quotas", reference="project", reference_id=str(number)):
            return row
        raise NotFound(f"Harbor has no quota for the project {project}.")

    def _read_tags(self, repository: str) -> Iterator[tuple[str, str]]:
        for row in self._wire.pages(f"{_repository(repository)}/artifacts", with_tag="true"):
            for tag in row.get("tags") or []:
                yield str(tag["name"]), str(row["digest"])


def _repository(repository: str) -> str:
    project = project_of(repository)
    if not project:
        raise Permanent(f"{repository} does not name a Harbor project.")
    # Harbor wants the slashes within a name escaped twice: its router undoes one of them.
    name = segment(segment(repository.removeprefix(f"{project}/")))
    return f"/projects/{segment(project)}/repositories/{name}"


def _artifact(repository: str, reference: str) -> str:
    return f"{_repository(repository)}/artifacts/{reference}"


def _storage(row: dict[str, Any], which: str, default: int) -> int:
    value = (row.get(which) or {}).get("storage", default)
    return value if isinstance(value, int) else default
