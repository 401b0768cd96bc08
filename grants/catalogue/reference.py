"""Image references as people paste them, taken apart. Pure."""

import re
from dataclasses import dataclass

HOST = re.compile(r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::\d{1,5})?")
PATH = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Reference:
    """`host/repository`, with a tag or a digest or neither. Grammar: the Distribution project's reference rules."""

    host: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        pinned = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.repository}{self.tag and f':{self.tag}'}{pinned}"


def parse_reference(text: str) -> Reference | None:
    """The reference in `text`, or None when it is not one. A scheme and white space around it are forgiven."""
    rest = re.sub(r"^(docker|https?)://", "", text.strip())
    rest, pinned, digest = rest.partition("@")
    host, _, path = rest.partition("/")
    path, tagged, tag = path.partition(":")
    whole = HOST.fullmatch(host) and PATH.fullmatch(path) and len(path) <= 255
    if not whole or (tagged and not TAG.fullmatch(tag)) or (pinned and not DIGEST.fullmatch(digest)):
        return None
    return Reference(host=host.lower(), repository=path, tag=tag, digest=digest)
