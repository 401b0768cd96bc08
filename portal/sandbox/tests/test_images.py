"""Images made in memory are real: the registry takes them and skopeo copies them out again."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grants.connectors.registry import RegistryClient
from grants.connectors.tests.real_registry import RealRegistry, running_registry
from portal.sandbox.images import build_image, build_index, push_image, sample_trivy_report

CREATED = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
LABELS = {"org.opencontainers.image.title": "Fraud scorer", "org.opencontainers.image.version": "1.4.0"}
LAYERS = [{"etc/os-release": b"ID=debian\n"}, {"model/weights.txt": b"0.1 0.2 0.3\n"}]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


def test_the_same_input_gives_the_same_image() -> None:
    first = build_image(LAYERS, created=CREATED, labels=LABELS)
    again = build_image(LAYERS, created=CREATED, labels=LABELS)
    arm = build_image(LAYERS, created=CREATED, labels=LABELS, architecture="arm64")
    assert first.digest == again.digest
    assert first.digest != arm.digest
    assert len(first.blobs) == 3


@pytest.mark.enable_loopback
def test_a_pushed_image_reads_back_as_it_was_made(registry: RealRegistry) -> None:
    image = build_image(LAYERS, created=CREATED, labels=LABELS)
    digest = push_image(registry.url, "fraud/scorer", ["1.4.0", "stable"], image, registry.token_for)
    with RegistryClient(registry.url, token_for=registry.token_for) as client:
        seen = client.manifest("fraud/scorer", "stable")
        assert client.tags("fraud/scorer") == ["1.4.0", "stable"]
    assert (seen.digest, seen.size, seen.architectures) == (digest, image.size, ("amd64",))
    assert dict(seen.labels) == LABELS
    assert seen.created == CREATED


@pytest.mark.enable_loopback
def test_a_pushed_index_lists_both_architectures(registry: RealRegistry) -> None:
    children = [
        build_image(LAYERS, created=CREATED, labels=LABELS, architecture=a) for a in ("amd64", "arm64")
    ]
    index = build_index(children)
    digest = push_image(registry.url, "fraud/multi", ["stable"], index, registry.token_for)
    with RegistryClient(registry.url, token_for=registry.token_for) as client:
        seen = client.manifest("fraud/multi", "stable")
    assert (seen.digest, seen.architectures, seen.size) == (digest, ("amd64", "arm64"), index.size)
    assert [child.digest for child in seen.children] == [child.digest for child in children]


@pytest.mark.enable_loopback
def test_skopeo_copies_a_pushed_image(registry: RealRegistry, tmp_path: Path) -> None:
    skopeo = shutil.which("skopeo")
    if skopeo is None:
        pytest.skip("skopeo is not installed")
    image = build_image(LAYERS, created=CREATED, labels=LABELS)
    push_image(registry.url, "fraud/copied", ["stable"], image, registry.token_for)
    token = registry.token_for(["repository:fraud/copied:pull"])
    source = f"docker://{registry.host}/fraud/copied:stable"
    command = [skopeo, "--insecure-policy", "copy", "--src-tls-verify=false"]
    command += ["--src-registry-token", token, source, f"dir:{tmp_path}/out"]
    # Our own arguments, no shell.
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out/manifest.json").read_bytes())["layers"][0]["size"] > 0


def test_a_trivy_report_names_the_image_and_its_findings() -> None:
    findings = [
        ("CVE-2026-0001", "CRITICAL", "openssl", "3.0.1", "3.0.2"),
        ("CVE-2026-2", "LOW", "tar", "1", ""),
    ]
    report = sample_trivy_report("r:5001/fraud/scorer:1", "sha256:" + "a" * 64, findings, CREATED)
    assert report["SchemaVersion"] == 2
    assert report["Metadata"]["RepoDigests"] == ["r:5001/fraud/scorer@sha256:" + "a" * 64]
    first, second = report["Results"][0]["Vulnerabilities"]
    assert (first["FixedVersion"], first["Severity"]) == ("3.0.2", "CRITICAL")
    assert "FixedVersion" not in second
