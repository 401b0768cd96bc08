"""When a scan is not believed, when removals wait for a person, and when a place is fought over. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

FEW_PLACES = 20  # below this, little is no sign of anything
LITTLE = 0.5  # of what was verified
FEW_REMOVALS = 5  # so many at once are put right without asking
LARGEST_SHARE = 0.2  # of what is there
AT_ONCE = 500  # places put right at once, unless the target's option `drift_at_once` says otherwise

FIGHT_TIMES, FIGHT_WITHIN = 3, timedelta(hours=24)


def too_little(*, firm: int, there: int) -> bool:
    """Whether a target shows suspiciously little: of `firm` places seen in place before, only `there` are left."""
    return firm > FEW_PLACES and there < firm * LITTLE


def too_many_removals(*, removals: int, there: int) -> bool:
    """Whether so many removals, of all of ours that is `there`, wait until a named person lets them go on."""
    return removals > FEW_REMOVALS and removals > there * LARGEST_SHARE


def fought_over(returns: Sequence[datetime], *, now: datetime) -> bool:
    """Whether somebody undoes us. `returns`: when the place was found undone again after it had been put right."""
    return sum(now - at < FIGHT_WITHIN for at in returns) >= FIGHT_TIMES


@dataclass(frozen=True, slots=True)
class Cause:
    """Who probably undoes us: a code with its own sentence, and the name of the other side where it is known."""

    code: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One time a place was found undone. `place`: its kind; `manager`: whose field manager, where the look said."""

    place: str
    what: str
    manager: str = ""


_GOOGLE = {"group": "terraform_group", "member": "terraform_group", "account": "terraform_account"}


def likely_cause(target_kind: str, history: Sequence[Turn]) -> Cause:
    """The likely cause, from the kind of target and the times a place was found undone, the newest last.

    Terraform's authoritative resources delete what they do not know on every apply (connectors.md F); at Kubernetes
    the managed fields name the other side.
    """
    manager = next((turn.manager for turn in reversed(history) if turn.manager), "")
    place = history[-1].place if history else ""
    match target_kind:
        case "google":
            return Cause(_GOOGLE.get(place, "terraform_policy"))
        case "kubernetes":
            return Cause("field_manager", manager) if manager else Cause("other_controller")
        case "harbor":
            return Cause("harbor_automation")
    return Cause("somebody", manager)
