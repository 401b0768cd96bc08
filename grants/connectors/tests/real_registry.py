"""A real docker-registry with token authentication, for tests: own storage, free port, own ES256 CA."""

import base64
import datetime as dt
import json
import re
import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from grants.connectors.manifests import OCI_MANIFEST, digest_of

ISSUER = "purser-test"
SERVICE = "registry-test"

CONFIG = """version: 0.1
log: {{level: info, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {root}/data}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:0"}}
auth:
  token:
    realm: "http://127.0.0.1/registry/token"
    service: {service}
    issuer: {issuer}
    rootcertbundle: {root}/ca.pem
"""


def _certificate(name: str, key: ec.EllipticCurvePrivateKey, *, by: str, by_key: ec.EllipticCurvePrivateKey):
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=name == by, path_length=None), critical=True)
        .sign(by_key, hashes.SHA256())
    )


class Signer:
    """A CA for the registry's bundle and a leaf that signs tokens, sent along as `x5c`."""

    def __init__(self) -> None:
        self._ca_key, self._leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._ca = _certificate("Test CA", self._ca_key, by="Test CA", by_key=self._ca_key)
        self._leaf = _certificate("Test leaf", self._leaf_key, by="Test CA", by_key=self._ca_key)

    @property
    def bundle(self) -> bytes:
        return self._ca.public_bytes(serialization.Encoding.PEM)

    def token(self, scopes: list[str], *, subject: str = "person:1", expires_in: int = 60) -> str:
        now = int(dt.datetime.now(dt.UTC).timestamp())
        der = self._leaf.public_bytes(serialization.Encoding.DER)
        claims = {
            "iss": ISSUER,
            "aud": SERVICE,
            "sub": subject,
            "iat": now,
            "nbf": now - 10,
            "exp": now + expires_in,
            "jti": uuid.uuid4().hex,
            "access": [_access(scope) for scope in scopes],
        }
        headers = {"x5c": [base64.b64encode(der).decode()]}
        return jwt.encode(claims, self._leaf_key, algorithm="ES256", headers=headers)


def _access(scope: str) -> dict[str, object]:
    kind, rest = scope.split(":", 1)
    name, actions = rest.rsplit(":", 1)
    return {"type": kind, "name": name, "actions": actions.split(",")}


class RealRegistry:
    """A running registry: `url`, `host`, and a `signer` it trusts."""

    def __init__(self, url: str, signer: Signer) -> None:
        self.url = url
        self.host = url.removeprefix("http://")
        self.signer = signer

    def token_for(self, scopes: list[str]) -> str:
        """A token for exactly these scopes."""
        return self.signer.token(scopes)


@contextmanager
def running_registry(root: Path) -> Iterator[RealRegistry]:
    """Start the Debian binary on a port of its own choice; skip where it is not installed."""
    binary = shutil.which("docker-registry")
    if binary is None:
        pytest.skip("docker-registry is not installed")
    signer = Signer()
    (root / "ca.pem").write_bytes(signer.bundle)
    config = root / "config.yml"
    config.write_text(CONFIG.format(root=root, service=SERVICE, issuer=ISSUER))
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [binary, "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        yield RealRegistry(f"http://{_listening(process)}", signer)
    finally:
        process.kill()
        process.wait(10)


def _listening(process: "subprocess.Popen[str]") -> str:
    """The address from the registry's own log line; the log is drained as long as it lives."""
    found: Queue[str] = Queue()

    def drain() -> None:
        for line in process.stderr or ():
            if match := re.search(r"listening on (127\.0\.0\.1:\d+)", line):
                found.put(match[1])

    threading.Thread(target=drain, daemon=True).start()
    return found.get(timeout=10)


def push_small_image(registry: RealRegistry, repository: str, *, tag: str = "stable") -> str:
    """Push the smallest image there is (a config, no layers) by hand and return its digest."""
    config = b'{"architecture":"amd64","os":"linux","config":{"Labels":{"team":"fraud"}},"rootfs":{}}'
    digest = digest_of(config)
    token = registry.token_for([f"repository:{repository}:pull,push"])
    descriptor = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": digest,
        "size": len(config),
    }
    body = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor, "layers": []}
    document = json.dumps(body).encode()
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False) as http:
        start = http.post(f"{registry.url}/v2/{repository}/blobs/uploads/").raise_for_status()
        place = httpx.URL(start.headers["Location"]).copy_merge_params({"digest": digest})
        http.put(place, content=config).raise_for_status()
        url = f"{registry.url}/v2/{repository}/manifests/{tag}"
        http.put(url, content=document, headers={"Content-Type": OCI_MANIFEST}).raise_for_status()
    return digest_of(document)
