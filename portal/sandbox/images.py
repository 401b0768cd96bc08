"""Small, real OCI images made in memory and pushed to a registry, and scan reports that fit them."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

import httpx

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

TokenFor = Callable[[list[str]], str]
Finding = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Image:
    """An image or index ready to push: its own document, the blobs it needs, an index's children."""

    media_type: str
    document: bytes
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    children: tuple["Image", ...] = ()
    architecture: str = ""

    @property
    def digest(self) -> str:
        """The digest a registry will know it by."""
        return _digest(self.document)

    @property
    def size(self) -> int:
        """Bytes of config and layers, children included."""
        return sum(map(len, self.blobs.values())) + sum(child.size for child in self.children)


def build_image(
    layers: Sequence[Mapping[str, bytes]],
    *,
    created: datetime,
    labels: Mapping[str, str] | None = None,
    architecture: str = "amd64",
) -> Image:
    """An image with one layer per mapping of path to content. The same input gives the same bytes."""
    tars = [_tar(files, created) for files in layers]
    packed = [gzip.compress(tar, mtime=0) for tar in tars]
    config = _json(_config(tars, created, dict(labels or {}), architecture))
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": _descriptor(CONFIG, config),
        "layers": [_descriptor(LAYER, layer) for layer in packed],
    }
    blobs = {_digest(blob): blob for blob in (config, *packed)}
    return Image(MANIFEST, _json(document), blobs, architecture=architecture)


def build_index(images: Sequence[Image]) -> Image:
    """A multi-architecture index over images."""
    manifests = [
        {
            **_descriptor(MANIFEST, image.document),
            "platform": {"architecture": image.architecture, "os": "linux"},
        }
        for image in images
    ]
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    return Image(INDEX, _json(document), children=tuple(images))


def push_image(
    registry_url: str, repository: str, tags: Sequence[str], image: Image, token_for: TokenFor
) -> str:
    """Push an image or index under some tags (none: by digest only) and return its digest.

    `token_for` gets `["repository:NAME:pull,push"]`. Raises httpx.HTTPError when the registry refuses.
    """
    token = token_for([f"repository:{repository}:pull,push"])
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    base = f"{registry_url.rstrip('/')}/v2/{repository}"
    with httpx.Client(headers=headers, timeout=30.0, trust_env=False) as http:
        for child in image.children:
            _push_blobs(http, base, child)
            _put_manifest(http, base, child, child.digest)
        _push_blobs(http, base, image)
        for reference in tags or (image.digest,):
            _put_manifest(http, base, image, reference)
    return image.digest


def sample_trivy_report(
    reference: str, digest: str, findings: Sequence[Finding], created_at: datetime
) -> dict[str, Any]:
    """A Trivy report (schema 2) of an image. A finding is id, severity, package, installed and fixed version.

    `reference` is `host/repository:tag`. An empty fixed version means unfixed; like Trivy, empty keys are
    left out.
    """
    repository = reference.rsplit("@", 1)[0].rsplit(":", 1)[0]
    result: dict[str, Any] = {"Target": f"{reference} (debian 12.11)", "Class": "os-pkgs", "Type": "debian"}
    if findings:
        result["Vulnerabilities"] = [_vulnerability(finding) for finding in findings]
    return {
        "SchemaVersion": 2,
        "CreatedAt": created_at.isoformat(),
        "ArtifactName": reference,
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "debian", "Name": "12.11"},
            "RepoTags": [reference],
            "RepoDigests": [f"{repository}@{digest}"],
        },
        "Results": [result],
    }


def _vulnerability(finding: Finding) -> dict[str, str]:
    identifier, severity, package, installed, fixed = finding
    known = {
        "VulnerabilityID": identifier,
        "PkgName": package,
        "InstalledVersion": installed,
        "FixedVersion": fixed,
        "Status": "fixed" if fixed else "affected",
        "Severity": severity,
        "PrimaryURL": f"https://avd.aquasec.com/nvd/{identifier.lower()}",
    }
    return {key: value for key, value in known.items() if value}


def _push_blobs(http: httpx.Client, base: str, image: Image) -> None:
    for digest, blob in image.blobs.items():
        if http.head(f"{base}/blobs/{digest}").status_code == httpx.codes.OK:
            continue
        started = http.post(f"{base}/blobs/uploads/").raise_for_status()
        place = httpx.URL(urljoin(base, started.headers["Location"])).copy_merge_params({"digest": digest})
        http.put(place, content=blob, headers={"Content-Type": "application/octet-stream"}).raise_for_status()


def _put_manifest(http: httpx.Client, base: str, image: Image, reference: str) -> None:
    headers = {"Content-Type": image.media_type}
    http.put(f"{base}/manifests/{reference}", content=image.document, headers=headers).raise_for_status()


def _config(
    tars: Sequence[bytes], created: datetime, labels: Mapping[str, str], architecture: str
) -> dict[str, Any]:
    return {
        "created": created.isoformat(),
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": ["/bin/true"], "Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": [_digest(tar) for tar in tars]},
        "history": [{"created": created.isoformat(), "created_by": "purser sandbox"} for _ in tars],
    }


def _tar(files: Mapping[str, bytes], created: datetime) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(files):
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode, entry.mtime = len(files[path]), 0o644, int(created.timestamp())
            tar.addfile(entry, io.BytesIO(files[path]))
    return buffer.getvalue()


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
