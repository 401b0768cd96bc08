"""Names at Google: where an image lies, what Purser calls its groups and accounts, and the mark they carry. Pure."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from grants.connectors.errors import Permanent

PREFIX = "purser-"
POOL_PREFIX = "purser-pool-"
LONGEST_LOCAL_PART = 60  # of a group's address; Google takes 64
LONGEST_ACCOUNT_BASE = 23  # 30 for the whole account id, less a dash and six digits of its own
LONGEST_MARK = 4096  # a group's description
GCR_PLACES = {
    "gcr.io": ("us", "gcr.io"),
    "us.gcr.io": ("us", "us.gcr.io"),
    "eu.gcr.io": ("europe", "eu.gcr.io"),
    "asia.gcr.io": ("asia", "asia.gcr.io"),
}
"""Where the repositories of the old Container Registry hosts live: location and repository of Artifact Registry."""

_PKG_HOST = re.compile(r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev")
_MARK = re.compile(
    r"purser/1 target=(?P<target>\S+) project=(?P<project>\S*) role=(?P<role>\S*) images=(?P<images>\S*)"
)
_PREAMBLE = "Kept by Purser; do not change it by hand."


@dataclass(frozen=True, slots=True, order=True)
class Repository:
    """One Artifact Registry repository: the smallest thing its IAM knows."""

    project: str
    location: str
    name: str

    @property
    def resource(self) -> str:
        """The name its API uses."""
        return f"projects/{self.project}/locations/{self.location}/repositories/{self.name}"

    @property
    def path(self) -> str:
        """How image paths below `<location>-docker.pkg.dev` begin. `example.com:p` is written `example.com/p`."""
        return f"{self.project.replace(':', '/')}/{self.name}"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a group's or an account's description says about it. A pool has a role and no project."""

    target: str
    project: str
    role: str
    images: tuple[str, ...] = ()

    def text(self) -> str:
        """The description: a sentence for people, then the mark."""
        images = ";".join(f"{head}:{','.join(names)}" for head, names in _by_head(self.images))
        mark = f"purser/1 target={self.target} project={self.project} role={self.role} images={images}"
        return f"{_PREAMBLE} {mark}"


def read_mark(description: str) -> Mark | None:
    """The mark in a description; None when it carries none of ours."""
    found = _MARK.search(description or "")
    if found is None:
        return None
    parts = [part.partition(":") for part in found["images"].split(";") if part]
    images = tuple(sorted(f"{head}/{name}" for head, _, names in parts for name in names.split(",")))
    return Mark(found["target"], found["project"], found["role"], images)


def _by_head(images: Iterable[str]) -> list[tuple[str, list[str]]]:
    heads: dict[str, list[str]] = {}
    for image in sorted(images):
        first, second, *rest = image.split("/")
        head, name = (f"{first}/{second}", "/".join(rest)) if rest else (first, second)
        heads.setdefault(head, []).append(name)
    return sorted(heads.items())


def split_image(path: str, *, location: str, host: str = "") -> tuple[Repository, str]:
    """The repository an image of the catalogue lies in, and its name there.

    `path`: `P/R/IMAGE`, or `P/IMAGE` where `host` is one of the old Container Registry hosts. Raises Permanent.
    """
    parts = path.split("/")
    project = parts.pop(0)
    if "." in project and parts:
        project = f"{project}:{parts.pop(0)}"
    place, name = GCR_PLACES[host] if host in GCR_PLACES else (location, parts.pop(0) if parts else "")
    if not project or not name or not parts or not all(parts):
        raise Permanent(f"{path} does not name an image of Artifact Registry: project/repository/image.")
    return Repository(project, place, name), "/".join(parts)


def canonical(reference: str) -> str:
    """One name for one image: `gcr.io/P/I` and `us-docker.pkg.dev/P/gcr.io/I` are the same. No tag, no digest.

    Raises Permanent for a host that is not Google's.
    """
    host, _, path = reference.partition("/")
    pkg = _PKG_HOST.fullmatch(host)
    if pkg is None and host not in GCR_PLACES:
        raise Permanent(f"{host} is not a host of Artifact Registry.")
    repository, image = split_image(path, location=pkg["location"] if pkg else "", host=host)
    return f"{docker_host(repository.location)}/{repository.path}/{image}"


def docker_host(location: str) -> str:
    """The host Docker pulls from."""
    return f"{location}-docker.pkg.dev"


def group_address(mark: Mark, *, domain: str) -> str:
    """The address of the group of a bundle: one project, one role, these images. The same bundle, the same group."""
    tail = f"-{mark.role}-{_digest(mark.target, mark.project, mark.role, *sorted(mark.images))}"
    return f"{PREFIX}{slug(mark.project, LONGEST_LOCAL_PART - len(PREFIX) - len(tail))}{tail}@{domain}"


def pool_address(repository: str, role: str, *, target: str, domain: str) -> str:
    """The address of the one group that collects bundles of a repository which has too many."""
    name = slug(role.rpartition(".")[2], 20)
    return f"{POOL_PREFIX}{name}-{_digest(target, repository, role)}@{domain}"


def ours_by_name(address: str, *, domain: str) -> bool:
    """Whether a group's address has the form of ours; whether it is ours only its mark says."""
    return address.startswith(PREFIX) and address.endswith(f"@{domain}")


def account_base(project: str) -> str:
    """What the ids of a project's service accounts begin with: the key of its place."""
    return f"{PREFIX}{slug(project, LONGEST_ACCOUNT_BASE - len(PREFIX))}"


def account_id(base: str, now: datetime) -> str:
    """The id of an account made today: six digits of the day keep the name of a deleted one from coming back.

    A creation whose answer was lost is repeated on the same day under the same name, and found.
    """
    return f"{base}-{_digest(base, now.astimezone(UTC).date().isoformat())[:6]}"


def account_base_of(email: str, *, project: str) -> str:
    """The base of one of our accounts' addresses in this project of Google's; empty for anybody else's."""
    local, _, domain = email.lower().partition("@")
    base, _, tail = local.rpartition("-")
    where = ".".join(reversed(project.split(":")))
    ours = domain == f"{where}.iam.gserviceaccount.com" and base.startswith(PREFIX)
    return base if ours and re.fullmatch("[0-9a-f]{6}", tail) else ""


def slug(text: str, longest: int) -> str:
    """Small letters, digits and dashes, cut to `longest`; what was cut or changed lives on in four digits."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if plain == text and len(plain) <= longest:
        return plain
    return f"{plain[: longest - 5].strip('-')}-{_digest(text)[:4]}".strip("-")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def stamp(moment: datetime) -> str:
    """A moment as Google writes it: RFC 3339, UTC, whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> datetime | None:
    """A moment Google wrote, to the second; None for nothing or for what is no moment."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
    except ValueError:
        return None


def same_address(one: str, other: str) -> bool:
    """Google lower-cases addresses; so do we before comparing."""
    return one.lower() == other.lower()


def repositories_of(images: Sequence[str], *, location: str, host: str = "") -> list[Repository]:
    """The repositories these images lie in, each once, in order."""
    return sorted({split_image(image, location=location, host=host)[0] for image in images})
