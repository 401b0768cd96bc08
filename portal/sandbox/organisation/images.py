"""The images of the demo: small, but real OCI images with labels and a scan report each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portal.sandbox.images import Finding, Image, build_image, build_index, sample_trivy_report

BUILT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
GPU = ("amd64",)
BOTH = ("amd64", "arm64")


@dataclass(frozen=True)
class Sample:
    """One repository: what it is for, its tags, what was found in it, and how it is marked."""

    repository: str
    title: str
    purpose: str
    framework: str
    cuda: str
    version: str
    architectures: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    restricted: str = ""
    blocked: str = ""

    @property
    def tags(self) -> Sequence[str]:
        """`stable` and the version; both point to the same digest."""
        return ("stable", self.version)

    @property
    def labels(self) -> dict[str, str]:
        """OCI labels and the model's own."""
        return {
            "org.opencontainers.image.title": self.title,
            "org.opencontainers.image.description": self.purpose,
            "org.opencontainers.image.version": self.version,
            "framework": self.framework,
            "cuda.version": self.cuda,
            "model.version": self.version,
            "training.timestamp": BUILT.isoformat(),
            "dataset.id": f"ds-{self.repository.rpartition('/')[2]}-07",
            "accuracy.test": "0.953",
        }

    def build(self) -> Image:
        """The image, or the index over its platforms."""
        layers = [
            {"/etc/os-release": b'NAME="Debian GNU/Linux"\nVERSION_ID="12"\n'},
            {"/opt/model/README": f"{self.title} {self.version}\n{self.purpose}\n".encode()},
        ]
        images = [
            build_image(layers, labels=self.labels, architecture=architecture, created=BUILT)
            for architecture in self.architectures
        ]
        return images[0] if len(images) == 1 else build_index(images)


def finding(identifier: str, severity: str, package: str, installed: str, fixed: str = "") -> Finding:
    """One line of a scan report."""
    return (identifier, severity, package, installed, fixed)


SAMPLES = (
    Sample("ai/tensorflow-2.13-gpu", "TensorFlow 2.13 GPU", "Training and inference with TensorFlow on NVIDIA GPUs",
           "tensorflow", "11.8", "2.13.1", GPU,
           (finding("CVE-2026-10417", "MEDIUM", "libcurl4", "7.88.1-10", "7.88.1-11"),)),
    Sample("ai/pytorch-2.5-cuda", "PyTorch 2.5 CUDA", "Training with PyTorch; includes torchvision and NCCL",
           "pytorch", "12.4", "2.5.1", BOTH, (finding("CVE-2026-8822", "LOW", "zlib1g", "1:1.2.13"),)),
    Sample("ai/yolo-v9", "YOLO v9", "Object detection for cameras and documents", "pytorch", "12.1", "9.0.4", GPU),
    Sample("ai/triton-serving", "Triton serving", "Serves models by HTTP and gRPC; GPU batching", "triton", "12.4",
           "24.10", GPU, (finding("CVE-2026-31337", "CRITICAL", "libssl3", "3.0.11-1", "3.0.15-1"),
                          finding("CVE-2026-20991", "HIGH", "python3.11", "3.11.2-6", "3.11.2-6+deb12u5"))),
    Sample("ai/llm-finetune", "LLM fine-tuning", "Fine-tunes language models on restricted company data", "pytorch",
           "12.4", "1.4.0", GPU, restricted="Holds weights under a licence that security has to agree to"),
    Sample("ai/caffe-legacy", "Caffe (legacy)", "Old Caffe models; no longer maintained", "caffe", "9.0", "1.0.0",
           ("amd64",), blocked="End of life since 2020. Use ai/pytorch-2.5-cuda instead"),
)  # fmt: skip


def report_of(sample: Sample, host: str, digest: str, *, now: datetime) -> bytes:
    """The scan report of a sample, made yesterday."""
    reference = f"{host}/{sample.repository}:stable"
    return json.dumps(
        sample_trivy_report(reference, digest, sample.findings, now - timedelta(days=1))
    ).encode()
