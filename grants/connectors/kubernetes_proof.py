"""Proof by trial: a dry run of a pod goes through the whole admission of the API server and creates nothing."""

from collections.abc import Callable

from grants.connectors.base import Entry
from grants.connectors.errors import NotFound
from grants.connectors.kubernetes_images import NO_RUNTIME, REFUSED
from grants.connectors.kubernetes_objects import probe_pod
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_shared import IMAGES
from grants.connectors.kubernetes_wire import Verdict, Wire

STRANGER = "purser.invalid/never-granted"  # RFC 2606: no registry can have this name
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2)  # seconds; the last one repeats
_NO_LIST = "no params found for policy binding"


class Prover:
    """Tries pods out until the API server judges as expected, or `patience` (seconds) is over."""

    def __init__(
        self, wire: Wire, options: KubernetesOptions, *, patience: float, sleep: Callable[[float], None]
    ) -> None:
        self._wire = wire
        self._options = options
        self._patience = patience
        self._sleep = sleep

    def in_use(self, entry: Entry) -> tuple[bool, str]:
        """Whether the rule stands there now: it refuses a stranger and admits what is granted. And what was seen."""
        runtime = self._runtime(entry)
        stranger = self._until(entry.key, STRANGER, runtime, ours=True)
        if not _is_ours(stranger):
            return False, "An image nobody granted was not refused yet."
        image = entry.first("image")
        if not image:
            return True, "No image is granted, and none is admitted."
        granted = self._until(entry.key, image, runtime, ours=False)
        if _is_ours(granted):
            return False, "A granted image was still refused."
        if granted.admitted:
            return True, "A pod with a granted image was admitted, one with another refused."
        return (
            True,
            "Our rule admits the granted images; something else in the cluster refused the trial pod.",
        )

    def over(self, namespace: str, image: str) -> tuple[bool, str]:
        """Whether what was granted last is refused now. And what was seen."""
        verdict = self._until(namespace, image or STRANGER, "", ours=True)
        if _is_ours(verdict):
            return True, "A pod with a formerly granted image was refused."
        if verdict.admitted:
            return False, "A formerly granted image was not refused yet."
        return False, "The trial pod was refused, but by something else than our rule: that proves nothing."

    def attempt(self, entry: Entry, image: str) -> tuple[bool, str]:
        """One try with this image, without waiting."""
        verdict = self._try(entry.key, image or STRANGER, self._runtime(entry))
        return verdict.admitted, "The pod was admitted." if verdict.admitted else "The pod was refused."

    def _runtime(self, entry: Entry) -> str:
        return self._options.runtime_class if entry.first("confidential") else ""

    def _until(self, namespace: str, image: str, runtime: str, *, ours: bool) -> Verdict:
        """Try until our rule refuses (`ours`) or no longer does."""
        waited, turn = 0.0, 0
        while True:
            verdict = self._try(namespace, image, runtime)
            pause = _PAUSES[min(turn, len(_PAUSES) - 1)]
            if _is_ours(verdict) is ours or waited + pause > self._patience:
                return verdict
            self._sleep(pause)
            waited, turn = waited + pause, turn + 1

    def _try(self, namespace: str, image: str, runtime: str) -> Verdict:
        try:
            return self._wire.try_out(probe_pod(namespace, image, runtime=runtime))
        except NotFound:
            return Verdict(admitted=False, said=REFUSED)  # no namespace, no pod


def _is_ours(verdict: Verdict) -> bool:
    """Whether our rule refused, by the words only it uses."""
    said = verdict.said
    return REFUSED in said or NO_RUNTIME in said or (_NO_LIST in said and IMAGES in said)
