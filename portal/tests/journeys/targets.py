"""One approval reaches every system: delivered, really pulled, ended by Jira, proven gone at the systems themselves."""

import time
from collections.abc import Callable
from typing import Any

from portal.tests.journeys.demo import Credential, Demo, skopeo
from portal.tests.journeys.pulling import PROJECT, Pulls
from portal.tests.journeys.signed_in import SignedIn
from portal.tests.journeys.steps import Act, Step, UnmetError, until

AT_REGISTRY, AT_HARBOR, AT_GOOGLE = "ai/yolo-v9", "ml-library/triton", "ml-platform/models/embedding-server"
MEANWHILE = "ai/pytorch-2.5-cuda"
ORDER = ("main", "harbor", "gpu-cluster", "google")  # as they become true, so that each has a time of its own
TARGETS = set(ORDER)
PEOPLE = 3
DELIVERED, GONE = 60.0, 300.0
"""Seconds. An end is proven only when the last token has run out: here a minute at Harbor, three at the registry."""
REGISTRY_READY = 5.0


class Targets:
    """The steps; people and pull tokens are those of the pulls."""

    def __init__(self, demo: Demo, pulls: Pulls) -> None:
        self.demo = demo
        self._pulls = pulls
        self._people = pulls.people[:PEOPLE]
        self._grant: dict[str, Any] = {}
        self._before: dict[str, Any] = {}

    def steps(self) -> list[tuple[str, Act]]:
        """In their order."""
        return [
            ("what approving would change at each system", self.ask),
            ("one approval reaches registry, Harbor, Google and cluster", self.deliver),
            ("a member really pulls from Harbor with a robot of their own", self.pull),
            ("a system that is down keeps the registry's access waiting for nothing", self.one_down),
            ("Jira done: gone from every system, and proven", self.end),
        ]

    def ask(self, step: Step) -> None:
        """One request over four systems; its changes are told before anybody approves."""
        self._open()
        self._before = {key: self._state(key) for key in ("harbor", "google", "gpu-cluster")}
        references = [
            f"{self.demo.registry}/{AT_REGISTRY}:stable",
            f"{self._host('harbor')}/{AT_HARBOR}:latest",
            f"{self._host('google')}/{AT_GOOGLE}:stable",
        ]
        self._request = self._asked(references)
        changes = self.demo.api("lead", "GET", f"requests/{self._request['id']}/changes/")
        told = {one["target"] for one in changes}
        step.expect(told >= TARGETS, "the changes at every system are told before the approval", told)
        step.figure(f"{len(changes)} systems told of")

    def deliver(self, step: Step) -> None:
        """The registry within a second or so; every line of every system in place; the systems themselves asked."""
        who = self._pulls.secret_of(self._people[0])
        approved = self.demo.approve(self._request)
        took = until(lambda: self.demo.may(who, AT_REGISTRY), seconds=10)
        step.quick(took if took is not None else 99.0, 1.0, "usable at the registry")
        self._grant = self.demo.grant_of(self._request)
        for target in ORDER:
            done = until(lambda target=target: self._in_place(target), seconds=DELIVERED, every=0.2)  # type: ignore[misc]
            step.expect(done is not None, f"everything is in place at {target}", self._lines(target))
            step.figure(f"{target} {time.monotonic() - approved:.1f} s")
        self._expect_there(step)

    def pull(self, step: Step) -> None:
        """skopeo with the robot's secret, which a signed-in browser is shown once; an API token is shown none."""
        path = f"grants/{self._grant['id']}/pull-secret/"
        self.demo.api("member", "POST", path, json={"target": "harbor"}, status=403)
        with SignedIn(self.demo, "lead") as lead:
            lead.post(path, {"target": "harbor"}, status=403)
        with SignedIn(self.demo, "member") as member:
            self._pull_as(member, path, step)

    def _pull_as(self, member: SignedIn, path: str, step: Step) -> None:
        shown = member.post(path, {"target": "harbor"}, status=201)
        robot = Credential(shown["username"], shown["secret"])
        worked, words = self._skopeo(robot)
        step.expect(worked, "the robot pulls", words)
        again = member.post(path, {"target": "harbor"}, status=201)
        worked, _words = self._skopeo(robot)
        step.expect(not worked, "a new secret ends the one before")
        self._robot = Credential(again["username"], again["secret"])
        token = member.post(path, {"target": "google"}, status=201)
        step.expect(token["username"] == "oauth2accesstoken", "Google's token is shown", token["username"])
        rows = self.demo.wait_for_pulls(self._grant, 1)
        step.expect(any(row["repository"] == AT_HARBOR for row in rows), "the pull is in the log", rows)
        step.figure(f"pulled as {robot.username}, in the pull log; the secret before is refused")

    def one_down(self, step: Step) -> None:
        """Harbor, Google and the cluster swallow every call; the registry's next access is as quick as ever."""
        lost = {"faults": [{"kind": "lost", "path": "", "times": 1000}]}
        try:
            for key in ("harbor", "google", "gpu-cluster"):
                self._told(key, "control", lost)
            request = self._asked([f"{self.demo.registry}/{MEANWHILE}:stable"])
            who = self._pulls.secret_of(self._people[0])
            self.demo.approve(request)
            took = until(lambda: self.demo.may(who, MEANWHILE), seconds=10)
            step.quick(took if took is not None else 99.0, 1.0, "usable at the registry")
            grant = self.demo.grant_of(request)
            seen = until(lambda: self._verified(grant, "main"), seconds=30, every=0.1)
            step.quick(seen if seen is not None else 99.0, REGISTRY_READY, "seen in place there")
        finally:
            for key in ("harbor", "google", "gpu-cluster"):
                self._told(key, "control", {})
        self.demo.give_back(grant)

    def end(self, step: Step) -> None:
        """Press Done; tokens are refused at once, and every system is seen empty of us."""
        issue = self.demo.facts["jira"]["issue"][PROJECT]
        who = self._pulls.secret_of(self._people[0])
        self.demo.jira(issue, "done")
        took = until(lambda: not self.demo.may(who, AT_REGISTRY), seconds=30)
        step.quick(took if took is not None else 99.0, 1.0, "refused at the registry")
        began = time.monotonic()
        for target, check in self._gone_checks().items():
            done = until(check, seconds=DELIVERED, every=0.5)
            step.expect(done is not None, f"nothing of it is left at {target}", self._lines(target))
            step.figure(f"gone at {target} {time.monotonic() - began:.1f} s")
        worked, _words = self._skopeo(self._robot)
        step.expect(not worked, "the robot pulls no more")
        ended = until(lambda: self._status() == "ended", seconds=GONE, every=2)
        step.expect(ended is not None, "every line is proven gone", self._unproven())
        step.figure(f"every line proven after {time.monotonic() - began:.0f} s")
        self.demo.jira(issue, "reopen")

    def _asked(self, references: list[str], **answers: Any) -> dict[str, Any]:
        members = [person.email for person in self._people]
        return self.demo.ask(project=PROJECT, images=references, members=members, **answers)

    def _open(self) -> None:
        if self._project_state() != "open":
            self.demo.jira(self.demo.facts["jira"]["issue"][PROJECT], "reopen")
        if until(lambda: self._project_state() == "open", seconds=30, every=0.5) is None:
            raise UnmetError("the project is open again after its issue was re-opened")

    def _project_state(self) -> str:
        return str(self.demo.api("lead", "GET", f"projects/{PROJECT}/")["state"])

    def _host(self, target: str) -> str:
        return str(self.demo.facts["targets"][target]["url"]).removeprefix("http://")

    def _state(self, target: str) -> Any:
        return self.demo.http.get(f"{self.demo.facts['targets'][target]['url']}/sandbox/state").json()

    def _told(self, target: str, what: str, body: dict[str, Any]) -> None:
        url = f"{self.demo.facts['targets'][target]['url']}/sandbox/{what}"
        self.demo.http.post(url, json=body).raise_for_status()

    def _lines(self, target: str) -> list[dict[str, Any]]:
        grant = self.demo.api("lead", "GET", f"grants/{self._grant['id']}/")
        return [line for line in grant["deliveries"] if line["target"] == target]

    def _in_place(self, target: str) -> bool:
        lines = self._lines(target)
        return bool(lines) and all(line["status"] == "verified" for line in lines)

    def _verified(self, grant: dict[str, Any], target: str) -> bool:
        lines = self.demo.api("lead", "GET", f"grants/{grant['id']}/")["deliveries"]
        return all(line["status"] == "verified" for line in lines if line["target"] == target)

    def _unproven(self) -> list[tuple[str, str, str]]:
        lines = [line for target in sorted(TARGETS) for line in self._lines(target)]
        return [
            (line["target"], line["subject"], line["last_error"])
            for line in lines
            if line["status"] != "proven"
        ]

    def _status(self) -> str:
        return str(self.demo.api("lead", "GET", f"grants/{self._grant['id']}/")["status"])

    def _expect_there(self, step: Step) -> None:
        robots = self._live_robots()
        step.expect(len(robots) >= PEOPLE, "a robot for each person is at Harbor", robots)
        bound = self._bound_groups()
        step.expect(len(bound) == 1, "one group is bound at Google", bound)
        people = {one["address"] for one in self._members()}
        wanted = {person.email for person in self._people}
        step.expect(wanted <= people, "the three people are in it", people)
        objects = self._tenant()
        step.expect(
            any("/rolebindings/" in path for path in objects), "the tenant has its binding", sorted(objects)
        )
        step.figure(f"{len(robots)} robots, 1 bound group, {len(objects)} objects in the tenant")

    def _live_robots(self) -> list[str]:
        rows = self._state("harbor")["robots"].values()
        return [row["name"] for row in rows if row["name"].startswith("robot$purser-") and not row["disable"]]

    def _bound_groups(self) -> list[str]:
        policies = self._state("google")["policies"].values()
        bindings = [one for policy in policies for one in policy["bindings"]]
        return [member for one in bindings for member in one["members"] if member.startswith("group:purser-")]

    def _members(self) -> list[dict[str, Any]]:
        groups = self._state("google")["groups"].values()
        return [
            member
            for group in groups
            if group["address"].startswith("purser-")
            for member in group["members"].values()
        ]

    def _tenant(self) -> dict[str, Any]:
        objects: dict[str, Any] = self._state("gpu-cluster")["objects"]
        return {path: one for path, one in objects.items() if f"/namespaces/{PROJECT}/" in path}

    def _gone_checks(self) -> dict[str, Callable[[], bool]]:
        return {
            "google": lambda: not self._bound_groups(),
            "gpu-cluster": lambda: not any("/rolebindings/purser-" in path for path in self._tenant()),
            "harbor": lambda: not self._live_robots(),
        }

    def _skopeo(self, who: Credential) -> tuple[bool, str]:
        place = f"docker://{self._host('harbor')}/{AT_HARBOR}:latest"
        return skopeo("inspect", "--tls-verify=false", f"--creds={who.username}:{who.secret}", place)
