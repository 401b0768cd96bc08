"""Writing checkpoints as C2SP signed notes; `offline.open_note` reads them back."""

from base64 import b64encode
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .offline import key_hash


def origin_of(first_hash: bytes) -> str:
    """The name of the log in its checkpoints: it follows from the first event and never changes."""
    return f"purser-audit/{first_hash.hex()[:16]}"


def sign_note(*, origin: str, size: int, root: bytes, made: datetime, key: Ed25519PrivateKey) -> str:
    """A checkpoint (C2SP tlog-checkpoint) signed with Ed25519 under the log's own name.

    One extension line says when it was made, so that an older bundle is not taken for a cut log.
    """
    moment = made.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    body = f"{origin}\n{size}\n{b64encode(root).decode()}\ntime {moment}\n"
    signature = key_hash(origin, key.public_key()) + key.sign(body.encode())
    return f"{body}\n— {origin} {b64encode(signature).decode()}\n"
