"""The main job with a real client and a real registry: refused, approved, pulled, on the record, pushed."""

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from typing import Any

from portal.sandbox.organisation.people import FRAUD, Resident, residents
from portal.tests.journeys.demo import Credential, Demo
from portal.tests.journeys.steps import Act, Step, slowest_of_hundred, until

PROJECT, OTHER_PROJECT = "anti-fraud-v2", "fraud-graph"
FREE, RESTRICTED = "ai/tensorflow-2.13-gpu", "ai/llm-finetune"
SMALL = ("ai/tensorflow-2.13-gpu", "ai/pytorch-2.5-cuda", "ai/yolo-v9")
ROUNDS = int(os.environ.get("PURSER_ROUNDS", "200"))


class Pulls:
    """The steps of pulling, which share eight members of the lead's team and their pull tokens."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self._people: list[Resident] = []
        self._credentials: dict[str, Credential] = {}

    def steps(self) -> list[tuple[str, Act]]:
        """In their order."""
        return [
            ("sign-in through the identity provider", self.sign_in),
            ("eight members of the lead's team get pull tokens", self.prepare),
            ("a pull before the approval is refused", self.refused_first),
            ("8 of 8 members pull after the last approval", self.eight_pull),
            (f"approve to pull, {ROUNDS} rounds", self.rounds),
            ("a viewer's push is refused, a developer's accepted", self.push),
            ("an overlapping second grant keeps access", self.overlap),
        ]

    @property
    def people(self) -> list[Resident]:
        """Eight members of the lead's team; the first is the demo's `member`."""
        if not self._people:
            team = [p for p in residents() if f"team:{FRAUD}" in p.words and p.active and not p.contractor]
            self._people = sorted(team, key=lambda person: person.seat != "member")[:8]
            made = self.demo.credentials([person.user_name for person in self._people])
            self._credentials = {who.username: who for who in made}
        return self._people

    def secret_of(self, person: Resident) -> Credential:
        """The person's pull token."""
        return self._credentials[person.user_name]

    def sign_in(self, step: Step) -> None:
        """As a browser without scripts does it: sign-in page, provider, back, home."""
        http, began = self.demo.http, time.monotonic()
        http.get(f"{self.demo.base}/accounts/login/")
        form = {"csrfmiddlewaretoken": http.cookies.get("csrf") or ""}
        away = http.post(f"{self.demo.base}/accounts/oidc/sso/login/", data=form)
        step.expect(away.status_code == 302, "the sign-in leads to the provider", away.status_code)
        back = http.post(away.headers["location"], data={"sub": "li.na"})
        http.get(back.headers["location"])
        home = http.get(f"{self.demo.base}/")
        name = self.demo.facts["people"]["lead"]["name"]
        step.expect(
            home.status_code == 200 and name in home.text, "the home page greets the lead", home.status_code
        )
        step.figure(f"{time.monotonic() - began:.2f} s to the home page")
        http.cookies.clear()

    def prepare(self, step: Step) -> None:
        """Also ends what an earlier run left."""
        ended = self._end_leftovers()
        step.figure(f"{len(self.people)} people, {ended} grants of an earlier run ended")

    def refused_first(self, step: Step) -> None:
        """Members and strangers, with a token and without one, before anybody approved."""
        request = self._ask([FREE, RESTRICTED], self.people)
        refused = [self.demo.pull(who, FREE) for who in (self.secret_of(self.people[0]), None)]
        step.expect(not any(worked for worked, _ in refused), "nobody pulls before the approval", refused)
        self.api_withdraw(request)
        step.figure("with a member's pull token and without one")

    def api_withdraw(self, request: dict[str, Any]) -> None:
        """Take the request back."""
        self.demo.api("lead", "POST", f"requests/{request['id']}/withdraw/", json={})

    def eight_pull(self, step: Step) -> None:
        """All at once, with skopeo; then the second image; then the log."""
        request = self._ask([FREE, RESTRICTED], self.people)
        approved = self.demo.approve(request)
        with ThreadPoolExecutor(8) as pool:
            first = list(pool.map(lambda person: self._timed_pull(person, FREE, approved), self.people))
            second = list(
                pool.map(lambda person: self._timed_pull(person, RESTRICTED, approved), self.people)
            )
        worked = sum(ok for ok, _, _ in first)
        step.figure(f"{worked} of 8 pulled, {sum(ok for ok, _, _ in second)} of 8 also the restricted image")
        step.expect(worked == 8, "8 of 8 members pull", [words for ok, words, _ in first if not ok])
        step.expect(all(ok for ok, _, _ in second), "8 of 8 pull the restricted image", second)
        step.quick(max(seconds for _, _, seconds in first), 1.0, "last of the eight pulls done")
        self._check_log(step, self.demo.grant_of(request))

    def _timed_pull(self, person: Resident, repository: str, since: float) -> tuple[bool, str, float]:
        worked, words = self.demo.pull(self.secret_of(person), repository)
        return worked, words, time.monotonic() - since

    def _check_log(self, step: Step, grant: dict[str, Any]) -> None:
        expected = Counter((p.name, repo) for p in self.people for repo in (FREE, RESTRICTED))
        rows = self.demo.wait_for_pulls(grant, expected.total())
        seen = Counter((row["person_name"], row["repository"]) for row in rows)
        step.expect(
            seen == expected, "the pull log holds exactly those pulls", (seen - expected, expected - seen)
        )
        wrong = [
            row for row in rows if row["grant"] != grant["id"] or not row["person"].startswith("person:")
        ]
        step.expect(not wrong, "each pull names its person and grant", wrong)
        step.figure(f"pull log: {len(rows)} pulls, each with its person and grant")
        self.demo.give_back(grant)

    def rounds(self, step: Step) -> None:
        """Each round: a request for one person and image, the approval, then a token and the manifest."""
        took = [self._round(step, *pair) for pair in self._pairs(ROUNDS)]
        step.figure(f"half within {sorted(took)[len(took) // 2] * 1000:.0f} ms")
        step.quick(slowest_of_hundred(took), 1.0, "99 of 100 within")

    def _pairs(self, count: int) -> list[tuple[Resident, str]]:
        pairs = [(person, repository) for repository in SMALL for person in self.people]
        return [pair for pair, _ in zip(cycle(pairs), range(count), strict=False)]

    def _round(self, step: Step, person: Resident, repository: str) -> float:
        who, demo = self.secret_of(person), self.demo
        request = self._ask([repository], [person])
        step.expect(
            not demo.may(who, repository), "no access before the approval", (person.user_name, repository)
        )
        demo.approve(request)
        took = until(
            lambda: demo.manifest(demo.token(who, repository), repository) == 200, seconds=10, every=0
        )
        step.expect(
            took is not None, "access within ten seconds of the approval", (person.user_name, repository)
        )
        demo.give_back(demo.grant_of(request))
        gone = until(lambda: not demo.may(who, repository), seconds=5)
        step.expect(gone is not None, "a returned grant opens nothing", (person.user_name, repository))
        return took or 0.0

    def push(self, step: Step) -> None:
        """The same person with the role viewer, then developer."""
        person, demo = self.people[0], self.demo
        who = self.secret_of(person)
        viewer = self._granted([FREE], [person], role="viewer")
        worked, words = demo.push(who, FREE, "journey")
        step.expect(not worked, "a viewer's push is refused")
        step.figure(f"viewer: {words.rpartition(':')[2].strip()[:60] or 'refused'}")
        developer = self._granted([FREE], [person], role="developer")
        worked, words = demo.push(who, FREE, "journey")
        step.expect(worked, "a developer's push is accepted", words)
        for grant in (viewer, developer):
            demo.give_back(grant)

    def overlap(self, step: Step) -> None:
        """Two grants for one person and image; the first ends, then the second."""
        person, demo = self.people[1], self.demo
        who = self.secret_of(person)
        first = self._granted([FREE], [person])
        second = self._granted([FREE], [person], project=OTHER_PROJECT)
        demo.give_back(first)
        time.sleep(1)  # longer than an ending takes to be felt
        worked, words = demo.pull(who, FREE)
        step.expect(worked, "the second grant keeps access", words)
        demo.give_back(second)
        gone = until(lambda: not demo.may(who, FREE), seconds=5)
        step.expect(gone is not None, "the end of the last grant ends access")
        step.quick(gone or 0.0, 1.0, "refused after the last one ended")

    def _ask(self, repositories: list[str], people: list[Resident], **answers: Any) -> dict[str, Any]:
        images = [f"{self.demo.registry}/{repository}:stable" for repository in repositories]
        given = {"project": PROJECT} | answers
        return self.demo.ask(images=images, members=[person.email for person in people], **given)

    def _granted(self, repositories: list[str], people: list[Resident], **answers: Any) -> dict[str, Any]:
        request = self._ask(repositories, people, **answers)
        self.demo.approve(request)
        return self.demo.grant_of(request)

    def _end_leftovers(self) -> int:
        ended = 0
        for project in (PROJECT, OTHER_PROJECT):
            for status in ("scheduled", "provisioning", "active"):
                for grant in list(self.demo.pages("lead", "grants/", project=project, status=status)):
                    self.demo.give_back(grant)
                    ended += 1
        return ended
