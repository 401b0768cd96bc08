"""Steps of the journey: what is expected, what was measured, and the table at the end."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Say = Callable[[str], object]


class UnmetError(Exception):
    """An expectation that was not met; its text names it."""


@dataclass
class Step:
    """One step while it runs: `figure` collects what is printed behind its name, `say` prints at once."""

    name: str
    slack: float = 1.0
    figures: list[str] = field(default_factory=list)
    say: Say = field(default=lambda _line: None)

    def figure(self, words: str) -> None:
        """Add something seen or measured."""
        self.figures.append(words)

    def expect(self, met: bool, what: str, seen: object = "") -> None:
        """Go on only when it is met. Raises UnmetError with what was expected and what was seen."""
        if not met:
            raise UnmetError(f"{what}{f' (seen: {seen})' if seen != '' else ''}")

    def at_most(self, value: float, limit: float, what: str, unit: str = "s") -> None:
        """A measured value with its limit, both printed. Raises UnmetError."""
        self.figure(f"{what} {value:.2f} {unit} (limit {limit:g})")
        self.expect(value <= limit, f"{what} within {limit:g} {unit}", f"{value:.2f} {unit}")

    def quick(self, value: float, limit: float, what: str) -> None:
        """The same for seconds that a busy machine stretches: `slack` times the limit is let pass, and said."""
        self.at_most(value, limit * self.slack, what)


Act = Callable[[Step], None]


def run_steps(steps: Sequence[tuple[str, Act]], *, say: Say, slack: float = 1.0) -> str | None:
    """Run the steps in order and print the table; returns the first expectation that was not met."""
    done: list[tuple[str, str, float]] = []
    unmet = None
    for name, act in steps:
        step, began = Step(name, slack, say=say), time.monotonic()
        try:
            act(step)
        except UnmetError as error:
            unmet = f"{name}: {error}"
            step.figure(f"EXPECTED {error}")
        done.append((name, "no" if unmet else "yes", time.monotonic() - began))
        say(f"{'not met' if unmet else 'ok':<8}{name}: {'; '.join(step.figures) or 'as expected'}")
        if unmet:
            break
    say("")
    say(f"{'step':<60}{'met':>5}{'seconds':>10}")
    for name, met, seconds in done:
        say(f"{name:<60}{met:>5}{seconds:>10.1f}")
    return unmet


def until(seen: Callable[[], bool], *, seconds: float, every: float = 0.02) -> float | None:
    """Seconds until it was seen, or None when it was not in time."""
    began = time.monotonic()
    while not seen():
        if time.monotonic() - began > seconds:
            return None
        time.sleep(every)
    return time.monotonic() - began


def slowest_of_hundred(values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
