"""Numbering what rows name: each combination of a key or a place once, the same number in every load. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from audit.costs.attribution import Attributor, Subject, repository_of, segment, told
from audit.costs.checking import Faults
from audit.costs.gpu_names import folded
from audit.costs.records import ActivityRecord, UsageRecord

KEY_FIELDS = ("team", "project", "person", "image", "repository", "digest", "gpu_type", "cluster", "pricing_class",
              "reservation", "request", "grant", "metric", "matched_by")  # fmt: skip
PLACE_FIELDS = ("cluster", "node", "namespace", "gpu", "workload", "container")
Dims = tuple[str, ...]
_TYPE, _CLUSTER, _CLASS = map(KEY_FIELDS.index, ("gpu_type", "cluster", "pricing_class"))


@dataclass(slots=True)
class _Seen:
    """What is known of one combination: where its attribution may change, and the numbers for each stretch."""

    subject: Subject
    moments: tuple[datetime, ...]
    place: int
    refs: dict[int, str]


class Dimensions:
    """Keys and places by number, found once for each combination rather than once for each record."""

    def __init__(self, attributor: Attributor, types: Mapping[str, str], faults: Faults) -> None:
        self.keys: dict[int, Dims] = {}
        self.places: dict[int, Dims] = {}
        self.type_names: dict[str, str] = {}
        """Name of a source -> our key."""
        self._attributor = attributor
        self._types = types
        self._faults = faults
        self._seen: dict[tuple[object, ...], _Seen] = {}

    def of_usage(self, line: int, one: UsageRecord) -> str:
        """Key and place of a record, tab between them, as lines begin; empty when its texts have faults."""
        metric = one.measured.metric if one.measured else ""
        labels = told(one.labels) if one.labels else ()
        combination = (one.cluster, one.gpu_type, one.namespace, one.workload, one.gpu, one.node, one.container,
                       one.image, one.digest, one.pricing_class, metric, labels)  # fmt: skip
        seen = self._seen.get(combination)
        if seen is None:
            if not self._faults.usage(line, one):
                return ""
            seen = self._seen[combination] = self._look(one, labels)
        stretch = segment(seen.moments, one.start) if seen.moments else 0
        found = seen.refs.get(stretch)
        if found is None:
            found = seen.refs[stretch] = f"{self._key(one, seen.subject, metric)}\t{seen.place}"
        return found

    @property
    def clusters(self) -> set[str]:
        """The clusters of the keys."""
        return {dims[_CLUSTER] for dims in self.keys.values()}

    @property
    def priced(self) -> set[tuple[str, str, str]]:
        """Type, cluster and class of the keys."""
        return {(dims[_TYPE], dims[_CLUSTER], dims[_CLASS]) for dims in self.keys.values()}

    def of_activity(self, one: ActivityRecord) -> int:
        """The place of a window."""
        return _number(self.places, (one.cluster, one.node, one.namespace, one.gpu, one.workload, ""))

    def type_of(self, name: str) -> str:
        """Our key of a type as a source names it."""
        key = self.type_names.get(name)
        if key is None:
            plain = folded(name)
            key = self.type_names[name] = self._types.get(plain, plain)
        return key

    def _look(self, one: UsageRecord, labels: tuple[tuple[str, str], ...]) -> _Seen:
        subject = Subject(one.cluster, one.namespace, repository_of(one.image), one.digest, labels)
        place = _number(
            self.places, (one.cluster, one.node, one.namespace, one.gpu, one.workload, one.container)
        )
        return _Seen(subject, self._attributor.moments(subject), place, {})

    def _key(self, one: UsageRecord, subject: Subject, metric: str) -> int:
        whose = self._attributor.of(subject, one.start)
        dims = (whose.team, whose.project, whose.person, one.image, subject.repository, one.digest,
                self.type_of(one.gpu_type), one.cluster, str(one.pricing_class), "", whose.request, whose.grant,
                metric, whose.matched_by)  # fmt: skip
        return _number(self.keys, dims)


def _number(known: dict[int, Dims], dims: Dims) -> int:
    digest = blake2b("\x1f".join(dims).encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big", signed=True) >> 1
    while known.setdefault(number, dims) != dims:
        number += 1
    return number
