"""A client of the Docker Distribution HTTP API (2.8 and 3.x), for reading a catalogue and for probes."""

import re
from collections.abc import Iterator
from typing import Self
from urllib.parse import urljoin

import httpx
from pydantic import BaseModel, ConfigDict, Field

from grants.connectors import manifests
from grants.connectors.errors import Malformed, Permanent
from grants.connectors.manifests import DIGEST, INDEX_TYPES, MANIFEST_TYPES, Manifest
from grants.connectors.registry_wire import Answer, RegistryWire, TokenFor, origin

_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_LINK = re.compile(r'<([^<>]{1,2000})>\s*;\s*rel="?next"?')
_PAGE = 1000  # the registry's own limit for catalog pages
_MAX_PAGES = 1000
_MAX_REDIRECTS = 3


class _Names(BaseModel):
    """A page of the catalog or of a tag list; `tags` is null for a repository without tags."""

    model_config = ConfigDict(extra="ignore")
    repositories: list[str] | None = Field(default=None, max_length=10_000)
    tags: list[str] | None = Field(default=None, max_length=100_000)


class RegistryClient:
    """Reads one registry. `token_for` gets the scopes a call needs and returns a bearer token for them.

    `timeout` (seconds) bounds connecting and each silence of the registry. The token never leaves the
    registry's own origin. All calls raise only `ConnectorError`s: see `http_rules` for which.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token_for: TokenFor,
        timeout: float = 10.0,
        verify: bool = True,
        proxy: str | None = None,
    ) -> None:
        self._wire = RegistryWire(base_url, token_for=token_for, timeout=timeout, verify=verify, proxy=proxy)

    @property
    def host(self) -> str:
        """Host and port as image references name the registry."""
        return self._wire.host

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._wire.close()

    def ping(self) -> None:
        """Check that this is a registry that accepts our tokens (`GET /v2/`)."""
        answer = self._wire.call("GET", "v2/", scopes=[])
        if not 200 <= answer.status < 300:
            raise self._wire.error(answer)

    def repositories(self) -> list[str]:
        """All repository names, in the registry's order. A listed repository may have no tags left."""
        return self._pages(f"v2/_catalog?n={_PAGE}", scopes=["registry:catalog:*"], key="repositories")

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository, sorted; empty when it has none. Raises NotFound when it is unknown."""
        path = f"v2/{_name(repository)}/tags/list?n={_PAGE}"
        return sorted(self._pages(path, scopes=[pull(repository)], key="tags"))

    def manifest(self, repository: str, reference: str) -> Manifest:
        """The image or index behind a tag or digest, with its config (labels) and an index's children."""
        answer = self._manifest_call("GET", repository, reference, scopes=[pull(repository)])
        if answer.status != 200:
            raise self._wire.error(answer)
        return self._read_manifest(repository, reference, answer)

    def head_manifest(self, repository: str, reference: str, *, token: str | None = None) -> str:
        """The digest behind a tag or digest, without a body. `token` replaces the client's own (probes).

        A registry counts this as a pull in its notifications (`request.method` is HEAD).
        """
        answer = self._manifest_call("HEAD", repository, reference, scopes=[pull(repository)], token=token)
        if answer.status != 200:
            raise self._wire.error(answer)
        return str(answer.headers.get("Docker-Content-Digest", ""))

    def delete_manifest(self, repository: str, digest: str) -> None:
        """Delete a manifest and the tags that name it. Already gone is success.

        Needs a digest: registries refuse to delete by tag. Raises Permanent when deletion is switched off.
        """
        if not DIGEST.fullmatch(digest):
            raise Permanent("A manifest is deleted by its digest, not by a tag.")
        scopes = [f"repository:{repository}:delete"]
        answer = self._manifest_call("DELETE", repository, digest, scopes=scopes)
        if answer.status not in (200, 202, 404):
            raise self._wire.error(answer, changes=True)

    def _read_manifest(self, repository: str, reference: str, answer: Answer) -> Manifest:
        what = f"The manifest of {repository} {reference}"
        digest = manifests.check_digest(
            answer.body, announced=answer.headers.get("Docker-Content-Digest"), asked=reference, what=what
        )
        media_type = answer.headers.get("Content-Type", "").split(";")[0].strip()
        if media_type not in MANIFEST_TYPES:
            raise Malformed(f"{what} has a format Purser does not read: {media_type[:100] or 'none given'}.")
        if media_type in INDEX_TYPES:
            return self._read_index(repository, reference, digest, media_type, answer.body)
        return self._read_image(repository, reference, digest, media_type, answer.body)

    def _read_image(self, repository: str, reference: str, digest: str, kind: str, body: bytes) -> Manifest:
        what = f"The manifest of {repository} {reference}"
        image = manifests.read(manifests.ImageDocument, body, what=what)
        blob = self._blob(repository, image.config.digest)
        config = manifests.read(
            manifests.ConfigDocument, blob, what=f"The config of {repository} {reference}"
        )
        return Manifest(
            repository=repository,
            reference=reference,
            digest=digest,
            media_type=kind,
            size=image.size,
            architectures=(config.architecture,) if config.architecture else (),
            labels=config.labels,
            created=config.created,
        )

    def _read_index(self, repository: str, reference: str, digest: str, kind: str, body: bytes) -> Manifest:
        index = manifests.read(manifests.IndexDocument, body, what=f"The index of {repository} {reference}")
        children = tuple(self._child(repository, child.digest) for child in index.images)
        return Manifest(
            repository=repository,
            reference=reference,
            digest=digest,
            media_type=kind,
            size=sum(child.size for child in children),
            architectures=manifests.architectures(children),
            labels=children[0].labels if children else (),
            created=children[0].created if children else None,
            children=children,
        )

    def _child(self, repository: str, digest: str) -> Manifest:
        answer = self._manifest_call("GET", repository, digest, scopes=[pull(repository)])
        if answer.status != 200:
            raise self._wire.error(answer)
        if answer.headers.get("Content-Type", "").split(";")[0].strip() in INDEX_TYPES:
            raise Malformed(f"The index of {repository} holds another index, which Purser does not read.")
        return self._read_manifest(repository, digest, answer)

    def _blob(self, repository: str, digest: str) -> bytes:
        path = f"v2/{_name(repository)}/blobs/{digest}"
        answer = self._wire.call("GET", path, scopes=[pull(repository)], redirects=_MAX_REDIRECTS)
        if answer.status != 200:
            raise self._wire.error(answer)
        manifests.check_digest(answer.body, announced=None, asked=digest, what=f"A blob of {repository}")
        return answer.body

    def _manifest_call(
        self, method: str, repository: str, reference: str, *, scopes: list[str], token: str | None = None
    ) -> Answer:
        path = f"v2/{_name(repository)}/manifests/{_reference(reference)}"
        return self._wire.call(method, path, scopes=scopes, token=token, accept=MANIFEST_TYPES)

    def _pages(self, path: str, *, scopes: list[str], key: str) -> list[str]:
        found: list[str] = []
        for answer in self._page_answers(path, scopes):
            page = manifests.read(_Names, answer.body, what=f"The list of {key} of {self._wire.host}")
            found += getattr(page, key) or []
        return found

    def _page_answers(self, path: str, scopes: list[str]) -> Iterator[Answer]:
        for _ in range(_MAX_PAGES):
            answer = self._wire.call("GET", path, scopes=scopes)
            if answer.status != 200:
                raise self._wire.error(answer)
            yield answer
            link = _LINK.search(answer.headers.get("Link", ""))
            if link is None:
                return
            following = httpx.URL(urljoin(str(answer.url), link[1]))
            if origin(following) != origin(self._wire.base):
                raise Malformed(f"{self._wire.host} continues its list on another host.")
            path = str(following)
        raise Malformed(f"{self._wire.host} lists more than {_MAX_PAGES} pages.")


def pull(repository: str) -> str:
    """The token scope for reading a repository."""
    return f"repository:{repository}:pull"


def _name(repository: str) -> str:
    """The repository as part of a path, after checking it against the distribution-spec's grammar."""
    if len(repository) > 255 or not _REPOSITORY.fullmatch(repository):
        raise Permanent("This is not a repository name.")
    return repository


def _reference(reference: str) -> str:
    if not (_TAG.fullmatch(reference) or DIGEST.fullmatch(reference)):
        raise Permanent("This is neither a tag nor a digest.")
    return reference
