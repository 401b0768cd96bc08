"""The journey stops at the first expectation that is not met, and names it."""

from portal.bench.cases import Figure
from portal.bench.load import SAID
from portal.tests.journeys.proofs import tally
from portal.tests.journeys.steps import Step, run_steps, slowest_of_hundred, until


def test_the_first_unmet_expectation_ends_the_journey_and_is_named() -> None:
    ran, said = [], []

    def first(step: Step) -> None:
        ran.append("first")
        step.at_most(0.5, 1, "pulled within")

    def second(step: Step) -> None:
        step.expect(False, "8 of 8 members pull", 7)

    steps = [("one", first), ("two", second), ("three", lambda step: ran.append("three"))]
    unmet = run_steps(steps, say=said.append)
    assert (unmet, ran) == ("two: 8 of 8 members pull (seen: 7)", ["first"])
    assert said[0] == "ok      one: pulled within 0.50 s (limit 1)"
    assert said[1] == "not met two: EXPECTED 8 of 8 members pull (seen: 7)"


def test_a_journey_that_meets_everything_says_so() -> None:
    said: list[str] = []
    assert run_steps([("one", lambda step: None)], say=said.append) is None
    assert said[0] == "ok      one: as expected"


def test_slack_stretches_speeds_only() -> None:
    step = Step("pull", slack=3)
    step.quick(2.5, 1, "pulled within")
    assert step.figures == ["pulled within 2.50 s (limit 3)"]


def test_a_step_may_speak_while_it_runs() -> None:
    said: list[str] = []
    run_steps([("one", lambda step: step.say("half of it"))], say=said.append)
    assert said[:2] == ["half of it", "ok      one: as expected"]


def test_what_pytest_counted_is_told_with_what_was_skipped() -> None:
    assert tally(["....", "4 passed, 2 skipped in 61.20s (0:01:01)"]) == "4 passed, 2 skipped"
    assert tally(["", "no tests ran in 0.01s"]) == "no tests passed"


def test_until_gives_up_in_time() -> None:
    assert until(lambda: False, seconds=0.01, every=0) is None
    assert until(lambda: True, seconds=0.01) is not None


def test_the_slowest_of_a_hundred() -> None:
    assert slowest_of_hundred([float(number) for number in range(200)]) == 198.0
    assert slowest_of_hundred([1.0]) == 1.0


def test_a_figure_says_whether_its_limit_is_kept() -> None:
    assert [Figure("tokens", value, "per s", 4000).kept for value in (4000, 3999)] == [True, False]
    assert [Figure("p99", value, "ms", 25, most=True).kept for value in (25, 26)] == [True, False]
    assert "MISSED" in str(Figure("tokens", 1, "per s", 4000))


def test_what_wrk_says_is_read() -> None:
    found = SAID.search("Thread Stats\nanswers=12 micros=1000000 bad=0 p50=1.250 p99=9.750\n")
    assert found is not None
    assert found.groups() == ("12", "1000000", "0", "1.250", "9.750")
