"""Access to a Distribution registry: the token service decides, this connector proves what it decided.

The registry knows no people. An entry is in force when our own decision says so, and it is gone when the
decision refuses, every token issued for it has run out, and the registry refused a token without access.

Entries:
  member  key `person:<id>` or `robot:<key>`; attributes `image` (a repository, one or more) and `action`
          (`pull` when absent, `push`, `delete`).
  image   key repository; attributes `tag` or `digest` (what to look at), and `subject` (whose access ends;
          none: everybody's).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from grants.connectors.base import Change, Entry, Outcome, ProbeResult, Scope
from grants.connectors.errors import Conflict, NotFound, NotYet, Permanent, Refused
from grants.connectors.registry import RegistryClient

MEMBER = "member"
IMAGE = "image"
LEEWAY = timedelta(seconds=60)  # the registry accepts a token this long after its `exp`
DENIALS = 3  # in a row, before a removal counts as proven
PROBE_SUBJECT = "robot:purser-probe"

Decide = Callable[[str, str, str], bool]
Mint = Callable[[str, str, tuple[str, ...]], str]
OutstandingUntil = Callable[[str | None, str | None], datetime | None]

__all__ = ["DENIALS", "IMAGE", "LEEWAY", "MEMBER", "DistributionConnector", "RegistryClient"]


def utc_now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)


class DistributionConnector:
    """`Connector` and `Probes` for one registry.

    `decide(subject, repository, action)`: what the token service decides now. `mint(subject, repository,
    actions)`: a signed token carrying exactly these actions, for probes; it must not be recorded as
    somebody's access. `outstanding_until(subject or None, repository or None)`: the latest `exp` of the
    tokens issued for them (None = any), None when there is none. `clock`: the present, UTC.
    """

    def __init__(
        self,
        client: RegistryClient,
        *,
        decide: Decide,
        mint: Mint,
        outstanding_until: OutstandingUntil,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = client
        self._decide = decide
        self._mint = mint
        self._outstanding_until = outstanding_until
        self._clock = clock

    def observe(self, scope: Scope) -> Sequence[Entry]:
        """The scope's entries in force now; without entries, an image entry for every repository.

        A member entry comes back with the images it really reaches, an image entry when the registry
        holds the repository and serves it to a token.
        """
        if not scope.entries:
            return [Entry(scope.target, IMAGE, name) for name in self._client.repositories()]
        return [found for entry in scope.entries if (found := self._in_force(entry)) is not None]

    def apply(self, change: Change) -> Outcome:
        """Confirm that the decision allows the entry and that the registry honours it.

        Raises Conflict when the decision does not (yet) allow it: the grant behind it is not live, or a
        cache has not heard of it.
        """
        result = self.probe(change.entry)
        if not result.allowed:
            raise Conflict(result.detail)
        return Outcome(change, changed=False, proven=True, detail=result.detail, at=result.at)

    def remove(self, change: Change) -> Outcome:
        """Prove that the entry is gone.

        Raises Conflict while the decision still allows it (another grant justifies it), NotYet while a
        token issued before may still work, Permanent when the registry does not enforce tokens.
        """
        entry = change.entry
        for _ in range(DENIALS):
            self._check_decision_refuses(entry)
            self._check_tokens_ran_out(entry)
            self._check_registry_refuses(entry)
        detail = f"Refused {DENIALS} times in a row, and no token issued before still works."
        return Outcome(change, changed=False, proven=True, detail=detail, at=self._clock())

    def probe(self, entry: Entry) -> ProbeResult:
        """Try the entry as the token service would serve it now; a denied member is tried at the registry."""
        if entry.kind == IMAGE:
            return self._probe_image(entry)
        if entry.kind == MEMBER:
            return self._probe_member(entry)
        raise Permanent("This registry has entries of the kinds member and image only.")

    def _in_force(self, entry: Entry) -> Entry | None:
        if entry.kind != MEMBER:
            held = self._image_allowed(entry) and self._probe_status(entry, ("pull",)) == 200
            return entry if held else None
        reached = [image for image in entry.values("image") if self._allows(entry, image)]
        others = tuple(pair for pair in entry.attributes if pair[0] != "image")
        images = tuple(("image", image) for image in reached)
        return Entry(entry.target, entry.kind, entry.key, others + images) if reached else None

    def _image_allowed(self, entry: Entry) -> bool:
        subjects = entry.values("subject")
        return not subjects or any(self._decide(subject, entry.key, "pull") for subject in subjects)

    def _probe_status(self, entry: Entry, actions: tuple[str, ...]) -> int:
        return self._status(entry, token=self._mint(PROBE_SUBJECT, entry.key, actions))

    def _probe_image(self, entry: Entry) -> ProbeResult:
        status = self._probe_status(entry, ("pull",) if self._image_allowed(entry) else ())
        detail = f"{self._client.host} answered {status} for {entry.key}."
        return ProbeResult(allowed=status != 401, detail=detail, at=self._clock())

    def _probe_member(self, entry: Entry) -> ProbeResult:
        images = _images(entry)
        refused = [image for image in images if not self._allows(entry, image)]
        if not refused:
            detail = f"Allowed for {len(images)} of {len(images)} images."
            return ProbeResult(allowed=True, detail=detail, at=self._clock())
        status = self._status(_image_of(entry, refused[0]), token=self._mint(entry.key, refused[0], ()))
        detail = f"Refused for {refused[0]}: {self._client.host} answered {status} to a token without access."
        return ProbeResult(allowed=status != 401, detail=detail, at=self._clock())

    def _allows(self, entry: Entry, image: str) -> bool:
        return all(self._decide(entry.key, image, action) for action in _actions(entry))

    def _check_decision_refuses(self, entry: Entry) -> None:
        for subject, image in _pairs(entry):
            if subject and any(self._decide(subject, image, action) for action in _actions(entry)):
                raise Conflict(f"{subject} may still use {image}: another grant allows it.")

    def _check_tokens_ran_out(self, entry: Entry) -> None:
        found = (self._outstanding_until(subject, image) for subject, image in _pairs(entry))
        latest = max((until for until in found if until is not None), default=None)
        if latest is None:
            return
        wait = (latest + LEEWAY - self._clock()).total_seconds()
        if wait > 0:
            raise NotYet("A token issued before the end may still work; waiting for it.", retry_after=wait)

    def _check_registry_refuses(self, entry: Entry) -> None:
        image = entry.key if entry.kind == IMAGE else _images(entry)[0]
        subject = PROBE_SUBJECT if entry.kind == IMAGE else entry.key
        status = self._status(_image_of(entry, image), token=self._mint(subject, image, ()))
        if status != 401:
            raise Permanent(
                f"{self._client.host} answered {status} to a token without access: it must be 401."
            )

    def _status(self, entry: Entry, *, token: str) -> int:
        """200, 404 (nothing there, but we were let in) or 401, for a HEAD of the entry's manifest."""
        reference = entry.first("digest") or entry.first("tag") or "latest"
        try:
            self._client.head_manifest(entry.key, reference, token=token)
        except NotFound:
            return 404
        except Refused:
            return 401
        return 200


def _images(entry: Entry) -> tuple[str, ...]:
    images = entry.values("image")
    if not images:
        raise Permanent("A member entry must name its images.")
    return images


def _actions(entry: Entry) -> tuple[str, ...]:
    return entry.values("action") or ("pull",)


def _pairs(entry: Entry) -> Iterable[tuple[str | None, str]]:
    """Subject and repository of everything the entry covers; a subject of None is everybody."""
    if entry.kind == IMAGE:
        return [(subject, entry.key) for subject in entry.values("subject") or (None,)]
    return [(entry.key, image) for image in _images(entry)]


def _image_of(entry: Entry, image: str) -> Entry:
    """An image entry for looking at one repository of a member entry."""
    return entry if entry.kind == IMAGE else Entry(entry.target, IMAGE, image)
