"""How access ends when Jira says so, when its time is over and nobody is there, and what a restart costs."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from portal.tests.journeys.demo import Credential, Demo, claims, moment
from portal.tests.journeys.pulling import OTHER_PROJECT, PROJECT, Pulls
from portal.tests.journeys.steps import Act, Step, until

FREE = "ai/yolo-v9"
"""Pulled here only: an image line is proven once no token of anybody opens its repository, and pushers' live longer."""
LAST_PULL = 60.0
"""Seconds after an end in which a registry may still accept a pull."""
TTL = 75
"""Seconds until the end in the case without Purser."""
ENDED = 240
"""Seconds after an end until the last token is over and every line was seen denied."""
REPORTED = 150
"""Seconds after which a token without its pull stands among the gaps."""


class Endings:
    """The steps of endings; people and pull tokens are those of the pulls."""

    def __init__(self, demo: Demo, pulls: Pulls) -> None:
        self.demo = demo
        self._pulls = pulls

    def steps(self) -> list[tuple[str, Act]]:
        """In their order."""
        return [
            ("Jira done: new tokens refused, the last pull within a minute", self.jira_done),
            ("the end of a grant while no Purser process runs", self.end_without_purser),
            ("a registry restart loses no access and shows what it lost", self.registry_restart),
        ]

    def jira_done(self, step: Step) -> None:
        """Press Done at Jira; keep asking for tokens, and keep pulling with the last good one."""
        issue = self.demo.facts["jira"]["issue"][OTHER_PROJECT]
        self._open(step, issue)
        who, grant = self._granted(project=OTHER_PROJECT)
        last_good = [self.demo.token(who, FREE)]
        self.demo.jira(issue, "done")
        took = until(lambda: not self._refresh(who, last_good), seconds=30)
        refused = time.monotonic()
        step.expect(took is not None, "a new token is refused after Done")
        step.quick(took or 0.0, 1.0, "new token refused after Done:")
        last = self._last_pull(last_good[0], seconds=LAST_PULL + 15)
        step.at_most(last - refused, LAST_PULL, "last pull with an old token after the end:")
        self._check_ended(step, grant, "project_done")
        self.demo.jira(issue, "reopen")
        step.expect(not self.demo.may(who, FREE), "re-opening the issue resurrects nothing")
        open_again = until(lambda: self._state(OTHER_PROJECT) == "open", seconds=30, every=0.5)
        step.expect(
            open_again is not None, "a re-opened issue opens the project again", self._state(OTHER_PROJECT)
        )

    def end_without_purser(self, step: Step) -> None:
        """Kill web, worker and scheduler before the end; the registry and the clock are enough."""
        ends = datetime.now(UTC) + timedelta(seconds=TTL)
        who, grant = self._granted(project=PROJECT, ends=ends.isoformat())
        end = moment(grant["ends"])
        time.sleep(max(0.0, end - time.time() - 45))
        token = self.demo.token(who, FREE)
        step.expect(self.demo.manifest(token, FREE) == 200, "a pull before the end works")
        self.demo.parts("kill", "purser")
        try:
            left = end - time.time()
            step.expect(left > 0, "Purser is dead before the end", f"{-left:.1f} s late")
            step.figure(f"killed {left:.0f} s before the end")
            last = self._last_pull(token, seconds=left + 30) - time.monotonic() + time.time()
            step.at_most(last - end, 1.0, "last pull after the end:")
            worked, words = self.demo.pull(who, FREE)
            step.expect(not worked, "after the end nobody pulls", words)
        finally:
            self.demo.parts("start", "purser")
        step.expect(not self.demo.may(who, FREE), "a Purser that came back gives no access")
        self._check_ended(step, grant, "expired")

    def registry_restart(self, step: Step) -> None:
        """Pull while nobody takes notifications, kill the registry with its queue, start both again."""
        who, grant = self._granted(project=PROJECT)
        token = self.demo.token(who, FREE)
        self.demo.parts("stop", "web")
        step.expect(
            self.demo.manifest(token, FREE) == 200, "a pull without Purser works with a token at hand"
        )
        self.demo.parts("kill", "registry")
        self.demo.parts("start", "registry", "web")
        ready = until(self._registry_answers, seconds=20)
        step.expect(ready is not None, "the registry answers again")
        worked, words = self.demo.pull(who, FREE)
        step.expect(worked, "access survives the restart", words)
        step.figure("a new pull works at once")
        took = until(lambda: claims(token)["jti"] in self._gaps(), seconds=REPORTED, every=2)
        step.expect(took is not None, "the lost pull shows as a gap")
        step.figure("the pull whose report was lost shows as a gap")
        step.expect(len(self.demo.wait_for_pulls(grant, 1)) == 1, "the log holds the pull that was reported")
        self.demo.give_back(grant)

    def _granted(self, **answers: Any) -> tuple[Credential, dict[str, Any]]:
        person = self._pulls.people[2]
        image = f"{self.demo.registry}/{FREE}:stable"
        request = self.demo.ask(images=[image], members=[person.email], **answers)
        self.demo.approve(request)
        grant, who = self.demo.grant_of(request), self._pulls.secret_of(person)
        until(lambda: self.demo.may(who, FREE), seconds=5)
        return who, grant

    def _refresh(self, who: Credential, last_good: list[str]) -> bool:
        token = self.demo.token(who, FREE)
        if not token or not claims(token)["access"]:
            return False
        last_good[0] = token
        return True

    def _last_pull(self, token: str, *, seconds: float) -> float:
        """The moment (time.monotonic) of the last accepted pull with this token, asked ten times a second."""
        last, stop = 0.0, time.monotonic() + seconds
        while time.monotonic() < stop:
            if self.demo.manifest(token, FREE) == 401:
                return last or time.monotonic()
            last = time.monotonic()
            threading.Event().wait(0.1)
        return time.monotonic()

    def _check_ended(self, step: Step, grant: dict[str, Any], reason: str) -> None:
        def ended() -> bool:
            seen.update(self.demo.api("lead", "GET", f"grants/{grant['id']}/"))
            return str(seen["status"]) == "ended"

        seen: dict[str, Any] = {}
        took = until(ended, seconds=ENDED, every=1)
        words = (seen["status"], seen["end_reason"])
        step.expect(
            took is not None and seen["end_reason"] == reason, f"the grant is ended as {reason}", words
        )
        step.figure(f"written as ended ({reason}) once every line was seen denied")

    def _open(self, step: Step, issue: str) -> None:
        if self._state(OTHER_PROJECT) == "open":
            return
        self.demo.jira(issue, "reopen")
        took = until(lambda: self._state(OTHER_PROJECT) == "open", seconds=30, every=0.5)
        step.expect(took is not None, "a re-opened issue opens the project again", self._state(OTHER_PROJECT))

    def _state(self, project: str) -> str:
        return str(self.demo.api("lead", "GET", f"projects/{project}/")["state"])

    def _gaps(self) -> set[str]:
        return {gap["token"] for gap in self.demo.api("auditor", "GET", "pulls/gaps/")["results"]}

    def _registry_answers(self) -> bool:
        try:
            return self.demo.http.get(f"http://{self.demo.registry}/v2/").status_code == 401
        except httpx.TransportError:
            return False
