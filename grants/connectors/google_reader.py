"""Reading Artifact Registry into the catalogue (`grants.catalogue.sync.Reader`). Changes nothing."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from google.cloud.artifactregistry_v1 import types

from grants.connectors.errors import Malformed, NotFound
from grants.connectors.google_clients import GoogleClients
from grants.connectors.google_errors import google_errors
from grants.connectors.google_layout import GoogleOptions
from grants.connectors.google_look import image_name
from grants.connectors.google_names import GCR_PLACES, Repository
from grants.connectors.manifests import DIGEST, Manifest

WHAT = "Artifact Registry"
PAGE = 500
Versions = dict[str, types.DockerImage]


class GoogleReader:
    """One reading: what `repositories` found is what the other calls speak of. Make a new one for the next reading.

    Everything comes from Artifact Registry's own lists, so reading is no pull and leaves no line in the pull log;
    labels of an image are not in them.
    """

    def __init__(self, clients: GoogleClients, options: GoogleOptions) -> None:
        self._clients = clients
        self._options = options
        self._images: dict[str, Versions] = {}

    def repositories(self) -> list[str]:
        """The catalogue's names of all images of the location's Docker repositories: `P/R/IMAGE`."""
        self._images = {}
        for repository in self._docker_repositories():
            for version in self._versions(repository.resource):
                path = self._path(repository, image_name(version.name))
                self._images.setdefault(path, {})[version.name.rpartition("@")[2]] = version
        return sorted(self._images)

    def tags(self, repository: str) -> list[str]:
        """Names of an image's tags. Raises NotFound when it is unknown."""
        return sorted({tag for version in self._known(repository).values() for tag in version.tags})

    def head_manifest(self, repository: str, reference: str) -> str:
        """The digest a tag pointed to at the reading. Raises NotFound."""
        known = self._known(repository)
        if reference in known:
            return reference
        found = next((digest for digest, version in known.items() if reference in version.tags), None)
        if found is None:
            raise NotFound(f"{repository} has no tag {reference}.")
        return found

    def manifest(self, repository: str, reference: str) -> Manifest:
        """What a digest holds, as far as Artifact Registry's lists say. Raises NotFound, Malformed."""
        digest = self.head_manifest(repository, reference)
        if not DIGEST.fullmatch(digest):
            raise Malformed(f"{repository} has a version whose digest cannot be read.")
        found = self._known(repository)[digest]
        return Manifest(
            repository=repository,
            reference=reference,
            digest=digest,
            media_type=found.media_type,
            size=found.image_size_bytes,
            architectures=_architectures(found.image_manifests),
            labels=(),
            created=_moment(found),
        )

    def _known(self, repository: str) -> Versions:
        if repository not in self._images:
            raise NotFound(f"{repository} is not an image of {self._options.target}.")
        return self._images[repository]

    def _docker_repositories(self) -> list[Repository]:
        where = GCR_PLACES.get(self._options.host)
        location = where[0] if where else self._options.location
        parent = f"projects/{self._options.project}/locations/{location}"
        asked = types.ListRepositoriesRequest(parent=parent, page_size=PAGE)
        with google_errors(WHAT):
            listed = self._clients.registry.list_repositories(
                asked, retry=None, timeout=self._clients.timeout
            )
            names = [one.name.rpartition("/")[2] for one in listed if one.format_ == _DOCKER]
        wanted = names if where is None else [name for name in names if name == where[1]]
        return [Repository(self._options.project, location, name) for name in wanted]

    def _versions(self, resource: str) -> Iterator[types.DockerImage]:
        asked = types.ListDockerImagesRequest(parent=resource, page_size=PAGE)
        with google_errors(WHAT):
            yield from self._clients.registry.list_docker_images(
                asked, retry=None, timeout=self._clients.timeout
            )

    def _path(self, repository: Repository, image: str) -> str:
        if self._options.host in GCR_PLACES:
            return f"{repository.project.replace(':', '/')}/{image}"
        return f"{repository.path}/{image}"


_DOCKER = types.Repository.Format.DOCKER


def _architectures(children: Iterable[types.ImageManifest]) -> tuple[str, ...]:
    named = (one.architecture for one in children if one.architecture not in ("", "unknown"))
    return tuple(dict.fromkeys(named))


def _moment(version: types.DockerImage) -> datetime | None:
    found = version.build_time or version.upload_time
    if found is None:
        return None
    return datetime.fromtimestamp(found.timestamp(), UTC)
