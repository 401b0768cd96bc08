"""What OCI and Docker image documents say, read strictly from their bytes; nothing is fetched here.

Formats: OCI image-spec 1.1 (manifest, index, config) and Docker image manifest v2 schema 2 and its list.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grants.connectors.errors import Malformed

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)
INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_MAX_CHILDREN = 64
_MAX_LABELS = 200

Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image or a multi-architecture index as the registry holds it.

    `size`: bytes of config and layers; of an index, the sum over its children. `architectures`: as the
    configs name them (`amd64`, `arm64`). `labels` and `created` of an index are those of its first child.
    """

    repository: str
    reference: str
    digest: str
    media_type: str
    size: int
    architectures: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    created: datetime | None
    children: tuple["Manifest", ...] = ()


class Platform(BaseModel):
    """The platform of an index entry."""

    model_config = ConfigDict(extra="ignore")
    architecture: str = Field(default="", max_length=64)
    os: str = Field(default="", max_length=64)


class Descriptor(BaseModel):
    """A pointer to a blob or a child manifest."""

    model_config = ConfigDict(extra="ignore")
    media_type: str = Field(default="", alias="mediaType", max_length=255)
    digest: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    size: int = Field(ge=0, le=2**50)
    platform: Platform | None = None
    annotations: dict[str, str] | None = None

    @property
    def is_attestation(self) -> bool:
        """Buildkit stores provenance as index entries of an unknown platform: they are no images."""
        return self.platform is not None and self.platform.architecture in ("unknown", "")


class ImageDocument(BaseModel):
    """An image manifest."""

    model_config = ConfigDict(extra="ignore")
    schema_version: int = Field(alias="schemaVersion", ge=2, le=2)
    config: Descriptor
    layers: list[Descriptor] = Field(max_length=1000)

    @property
    def size(self) -> int:
        """Bytes a client downloads for this image when it holds none of it."""
        return self.config.size + sum(layer.size for layer in self.layers)


class IndexDocument(BaseModel):
    """An index (manifest list)."""

    model_config = ConfigDict(extra="ignore")
    schema_version: int = Field(alias="schemaVersion", ge=2, le=2)
    manifests: list[Descriptor] = Field(max_length=_MAX_CHILDREN)

    @property
    def images(self) -> list[Descriptor]:
        """The children that are images."""
        return [child for child in self.manifests if not child.is_attestation]


class ConfigInner(BaseModel):
    """The part of an image config that holds the labels."""

    model_config = ConfigDict(extra="ignore")
    labels: dict[str, str] | None = Field(default=None, alias="Labels", max_length=_MAX_LABELS)


class ConfigDocument(BaseModel):
    """An image config; artifacts that are no images leave most of it out."""

    model_config = ConfigDict(extra="ignore")
    architecture: str = Field(default="", max_length=64)
    created: datetime | None = None
    config: ConfigInner | None = None

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """Labels sorted by name."""
        found = self.config.labels if self.config and self.config.labels else {}
        return tuple(sorted(found.items()))


def digest_of(content: bytes) -> str:
    """The `sha256:` digest of some bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def read(kind: type[Document], content: bytes, *, what: str) -> Document:
    """Parse bytes as one of the documents above. Raises Malformed with a plain sentence."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise Malformed(f"{what} cannot be read: {place}: {first['msg']}.") from None


def check_digest(content: bytes, *, announced: str | None, asked: str | None, what: str) -> str:
    """The digest of the bytes, after comparing it with the header's and the one asked for.

    Raises Malformed on a difference: the registry, or something before it, served other bytes.
    """
    actual = digest_of(content)
    for expected in (announced, asked):
        if expected and DIGEST.fullmatch(expected) and expected != actual:
            raise Malformed(f"{what} has the digest {actual}, but {expected} was promised.")
    return actual


def architectures(children: Sequence[Manifest]) -> tuple[str, ...]:
    """The architectures of an index's children, each once, in their order."""
    return tuple(dict.fromkeys(arch for child in children for arch in child.architectures))
