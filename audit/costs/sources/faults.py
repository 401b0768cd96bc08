"""Gathers everything that is wrong with one file, so that all of it is said at once."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.costs.errors import CostError
from audit.costs.records import Fault
from audit.costs.sources.words import sentence

LISTED = 200
"""Faults are named up to this many; the rest are counted."""
_SHOWN = 60


class Faults:
    """What is wrong with one file: the first 200 in order of appearance, and how many there are."""

    def __init__(self) -> None:
        self.listed: list[Fault] = []
        self.count = 0

    def add(self, line: int, field: str, code: str, **facts: object) -> None:
        """Note one fault; `value` among the facts is cut to what a person can read."""
        self.count += 1
        if len(self.listed) < LISTED:
            shown = {name: _short(value) if name == "value" else value for name, value in facts.items()}
            self.listed.append(Fault(line, field[:_SHOWN], code, sentence(code, **shown)))

    def stop(self, line: int, field: str, code: str, **facts: object) -> CostError:
        """Note a fault behind which nothing can be read, and give the refusal to raise."""
        self.add(line, field, code, **facts)
        return self.refusal()

    def refusal(self) -> CostError:
        """The refusal of the whole file, code `bad_file`. `detail`: `faults` (one text each), `count`, `places`."""
        detail: dict[str, Any] = {
            "faults": [text_of(one) for one in self.listed],
            "count": self.count,
            "places": [
                {"line": one.line, "field": one.field, "code": one.code, "message": str(one.message)}
                for one in self.listed
            ],
        }
        return CostError("bad_file", _("The file has faults; nothing of it was kept."), detail)

    def check(self) -> None:
        """Raises CostError `bad_file` when anything was noted."""
        if self.count:
            raise self.refusal()


def text_of(fault: Fault) -> str:
    """One fault with its place, as one sentence in the language active now."""
    place = {"line": fault.line, "field": fault.field, "said": str(fault.message)}
    if fault.line and fault.field:
        return str(_("Line %(line)s, %(field)s: %(said)s")) % place
    if fault.line:
        return str(_("Line %(line)s: %(said)s")) % place
    return f"{fault.field}: {fault.message}" if fault.field else str(fault.message)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
