"""A real kube-apiserver with etcd (and kube-controller-manager on demand), for tests and measurements.

`KUBEBUILDER_ASSETS` names the folder of the binaries, as everywhere in the Kubernetes world; without it such tests
are skipped. Own certificates, RBAC on, etcd writes to disk as in production; stopped by process id.
"""

import datetime as dt
import ipaddress
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from grants.connectors.kubernetes_shared import RBAC, own_access

PATIENCE = 60.0  # seconds for a server to come up
Key = ec.EllipticCurvePrivateKey


def assets() -> Path:
    """The folder of the binaries; skips the test where there is none."""
    named = os.environ.get("KUBEBUILDER_ASSETS", "")
    if not named:
        pytest.skip("KUBEBUILDER_ASSETS does not name the folder of kube-apiserver and etcd")
    folder = Path(named)
    for binary in ("kube-apiserver", "etcd"):
        if not (folder / binary).is_file():
            pytest.skip(f"there is no {binary} in KUBEBUILDER_ASSETS")
    return folder


class Papers:
    """A CA of our own and the files it makes: `ca.pem`, and `<name>.pem` with `<name>.key` for each certificate."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test-ca")])
        certificate = self._built(self._name, self._key).sign(self._key, hashes.SHA256())
        self._write("ca", certificate, self._key)

    def issue(self, name: str, *, common_name: str, organisation: str = "") -> tuple[str, str]:
        """A certificate for a server on this machine and for a client; the paths of it and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        if organisation:
            parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        certificate = (
            self._built(x509.Name(parts), key, ca=False)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return self._write(name, certificate, key)

    def path(self, name: str) -> str:
        return str(self.root / name)

    def _built(self, subject: x509.Name, key: Key, *, ca: bool = True) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(minutes=5))
            .not_valid_after(now + dt.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )

    def _write(self, name: str, certificate: x509.Certificate, key: Key) -> tuple[str, str]:
        plain = serialization.NoEncryption()
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        (self.root / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (self.root / f"{name}.key").write_bytes(secret)
        return self.path(f"{name}.pem"), self.path(f"{name}.key")


@dataclass(frozen=True)
class RealCluster:
    """A running API server: `url`, `papers` with certificates for `admin` (everything) and `purser` (by RBAC)."""

    url: str
    papers: Papers

    def http(self, name: str = "admin") -> httpx.Client:
        """A client that is `admin` or `purser`, for what a test looks at or prepares itself."""
        trust = ssl.create_default_context(cafile=self.papers.path("ca.pem"))
        trust.load_cert_chain(self.papers.path(f"{name}.pem"), self.papers.path(f"{name}.key"))
        return httpx.Client(base_url=self.url, verify=trust, trust_env=False, timeout=20)

    def configuration(self, name: str = "purser") -> Any:
        """The official client's configuration of this user."""
        from kubernetes.client import Configuration

        found = Configuration(host=self.url)
        found.ssl_ca_cert = self.papers.path("ca.pem")
        found.cert_file, found.key_file = self.papers.path(f"{name}.pem"), self.papers.path(f"{name}.key")
        return found

    def apply(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply as the admin. Raises for a refusal."""
        with self.http() as http:
            headers = {"Content-Type": "application/apply-patch+yaml"}
            params = {"fieldManager": "test", "force": "true"}
            answer = http.patch(path, json=body, params=params, headers=headers)
            if answer.is_error:
                raise RuntimeError(answer.text)
            return dict(answer.json())


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


@contextmanager
def _process(arguments: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as out:
        process = subprocess.Popen(arguments, stdout=out, stderr=subprocess.STDOUT)  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _etcd(folder: Path, root: Path, client: int, peer: int) -> list[str]:
    url, between = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        str(folder / "etcd"), "--name=test", f"--data-dir={root / 'etcd'}",
        f"--listen-client-urls={url}", f"--advertise-client-urls={url}", f"--listen-peer-urls={between}",
        f"--initial-advertise-peer-urls={between}", f"--initial-cluster=test={between}", "--log-level=error",
    ]  # fmt: skip


def _apiserver(folder: Path, papers: Papers, port: int, etcd: int) -> list[str]:
    return [
        str(folder / "kube-apiserver"), f"--etcd-servers=http://127.0.0.1:{etcd}", f"--secure-port={port}",
        "--bind-address=127.0.0.1", f"--cert-dir={papers.root}", f"--client-ca-file={papers.path('ca.pem')}",
        f"--tls-cert-file={papers.path('server.pem')}", f"--tls-private-key-file={papers.path('server.key')}",
        f"--service-account-key-file={papers.path('accounts.pem')}",
        f"--service-account-signing-key-file={papers.path('accounts.key')}",
        f"--service-account-issuer=https://127.0.0.1:{port}", "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24", "--allow-privileged=true", "--profiling=false",
        "--endpoint-reconciler-type=none", "--v=1",
    ]  # fmt: skip


def _controllers(folder: Path, papers: Papers, port: int, own: int) -> list[str]:
    config = papers.root / "controllers.kubeconfig"
    admin = {"client-certificate": papers.path("admin.pem"), "client-key": papers.path("admin.key")}
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": papers.path("ca.pem")}
    import json

    config.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "c", "user": admin}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
    }))  # fmt: skip
    return [
        str(folder / "kube-controller-manager"), f"--kubeconfig={config}", f"--secure-port={own}",
        "--bind-address=127.0.0.1", f"--cert-dir={papers.root}", "--leader-elect=false",
        f"--service-account-private-key-file={papers.path('accounts.key')}",
        f"--root-ca-file={papers.path('ca.pem')}", "--kube-api-qps=500", "--kube-api-burst=1000",
        "--controllers=namespace-controller,serviceaccount-controller,resourcequota-controller",
    ]  # fmt: skip


def _ready(cluster: RealCluster, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE
    with cluster.http() as http:
        while time.monotonic() < until and process.poll() is None:
            with suppress(httpx.TransportError):
                if http.get("/readyz").status_code == 200:
                    return
            time.sleep(0.1)
    raise RuntimeError("the API server did not come up: " + log.read_text(errors="replace")[-2000:])


@contextmanager
def running_cluster(root: Path, *, controllers: bool = False) -> Iterator[RealCluster]:
    """Start etcd and the API server (and the controllers a test needs) on free ports; stop them afterwards."""
    folder, papers = assets(), Papers(root)
    papers.issue("server", common_name="kube-apiserver")
    papers.issue("accounts", common_name="accounts")
    papers.issue("admin", common_name="admin", organisation="system:masters")
    papers.issue("purser", common_name="purser")
    client, peer, port, own = _free_ports(4)
    cluster = RealCluster(f"https://127.0.0.1:{port}", papers)
    with ExitStack() as stack:
        stack.enter_context(_process(_etcd(folder, root, client, peer), root / "etcd.log"))
        log = root / "apiserver.log"
        server = stack.enter_context(_process(_apiserver(folder, papers, port, client), log))
        _ready(cluster, server, log)
        if controllers:
            more = _controllers(folder, papers, port, own)
            stack.enter_context(_process(more, root / "controllers.log"))
        yield cluster


def allow_purser(cluster: RealCluster) -> None:
    """Give the user `purser` the rights that the documentation asks for, and no others."""
    group = RBAC.partition("/")[0]
    cluster.apply(f"/apis/{RBAC}/clusterroles/purser-connector", own_access())
    binding = {
        "apiVersion": RBAC, "kind": "ClusterRoleBinding", "metadata": {"name": "purser-connector"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "purser-connector"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "purser"}],
    }  # fmt: skip
    cluster.apply(f"/apis/{RBAC}/clusterrolebindings/purser-connector", binding)
