"""Webhooks from a hostile world: real ones of the Jira stand-in, doubled, turned round, forged and cut.

Needs a test database (projects are made) and the marker `enable_loopback` (the stand-in is a process).
"""

import hashlib
import hmac
import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.test import Client, override_settings

from audit.ledger.models import Event
from grants.directory.models import Project
from grants.directory.testing import make_project
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from grants.tracker.models import Watch, WebhookReceipt
from grants.tracker.tasks import poll, sweep
from portal.sandbox.tests.jira_process import Receiver, Standin, running_standin, webhook_receiver

SECRET, TOKEN = "the-webhook-secret", "the-api-token"
PROJECTS = 24
FATES = ("done", "open", "taken-back", "done-meanwhile")
READ_EVERY = 50


@dataclass(frozen=True)
class Post:
    """One delivery to the endpoint, and the answers that are right for it."""

    kind: str
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    right: tuple[int, ...]


@dataclass
class Report:
    """What came of it. All but `posted`, `ended` and `stored` must be empty or 0."""

    posted: Counter[str] = field(default_factory=Counter)
    wrong_answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    forged_accepted: int = 0
    stored: int = 0
    ended: int = 0
    duplicate_effects: list[str] = field(default_factory=list)
    disagreeing: list[str] = field(default_factory=list)


def hostile_webhooks(n: int, seed: int, *, flavour: str = "cloud") -> Report:
    """Post about `n` mixed deliveries while workers read Jira, then compare the end with Jira's own."""
    webhook = ("--webhook-secret", SECRET, "--flavour", flavour, "--token", TOKEN)
    with (
        tempfile.TemporaryDirectory() as folder,
        webhook_receiver() as receiver,
        running_standin(Path(folder) / "jira.json", "--webhook-url", receiver.url, *webhook) as standin,
        override_settings(JIRA=jira_settings(standin.url, flavour)),
    ):
        return _Storm(n, random.Random(seed), standin, receiver).run()  # noqa: S311 - repeatable, no secret


def jira_settings(url: str, flavour: str) -> dict[str, Any]:
    """Settings for the stand-in; an address signs in to Cloud, a token alone to Data Center."""
    user = "purser@example.com" if flavour == "cloud" else ""
    secrets = {"webhook_secrets": ["next-secret", SECRET], "bearer_secrets": ["the-bearer-secret"]}
    return {"base_url": url, "user": user, "token": TOKEN, **secrets}


class _Storm:
    def __init__(self, n: int, dice: random.Random, standin: Standin, receiver: Receiver) -> None:
        self.n, self.dice, self.standin, self.receiver = n, dice, standin, receiver
        self.client, self.report = Client(), Report()
        self.keys = dict.fromkeys([standin.seed(project=f"P{number}") for number in range(PROJECTS)], "")
        for number, key in enumerate(self.keys):
            self.keys[key] = FATES[number % len(FATES)]
            make_grant(project=make_project(key.lower(), jira_issue=key, grace_hours=0))

    def run(self) -> Report:
        """Half of the storm, more news from Jira, the other half, and the reckoning."""
        sweep()
        genuine = self._collected(self._history)
        mixed = genuine + [self._spoiled(genuine) for _ in range(self.n - len(genuine))]
        self.dice.shuffle(mixed)
        middle = len(mixed) // 2
        self._send(mixed[:middle])
        late = self._collected(self._finish_meanwhile) + mixed[middle:]
        self.dice.shuffle(late)
        self._send(late)
        poll()
        self._reckon()
        return self.report

    def _history(self) -> None:
        """What happened before the first webhook arrives: news of `done` that is old by then, among others."""
        back_and_forth = max(1, self.n // 10 // (2 * PROJECTS // len(FATES)))
        for key, fate in self.keys.items():
            if fate == "done":
                self.standin.press(key)
            if fate == "taken-back":
                for _ in range(back_and_forth):
                    self.standin.press(key)
                    self.standin.press(key, "reopen")

    def _finish_meanwhile(self) -> None:
        for key, fate in self.keys.items():
            if fate == "done-meanwhile":
                self.standin.press(key)

    def _collected(self, happen: Callable[[], None]) -> list[Post]:
        """The webhooks that Jira itself sent, as they came."""
        happen()
        self.standin.deliveries()
        arrived = self.receiver.take(self.receiver.arrived.qsize())
        kept = ("content-type", "x-hub-signature", "x-atlassian-webhook-identifier")
        return [
            Post(
                "genuine",
                each.body,
                {name: each.headers[name] for name in kept if name in each.headers},
                (202, 200),
            )
            for each in arrived
        ]

    def _spoiled(self, genuine: list[Post]) -> Post:
        one = self.dice.choice(genuine)
        return self.dice.choice(_SPOILERS)(one, self.dice)

    def _send(self, posts: list[Post]) -> None:
        for number, each in enumerate(posts):
            before = WebhookReceipt.objects.count() if each.kind.startswith("forged") else 0
            answer = self.client.generic(
                "POST", "/webhooks/jira/", each.body, content_type="application/json", headers=each.headers
            )
            self.report.posted[each.kind] += 1
            if answer.status_code not in each.right:
                self.report.wrong_answers[each.kind, answer.status_code] += 1
            if each.kind.startswith("forged"):
                kept = WebhookReceipt.objects.count() - before
                self.report.forged_accepted += answer.status_code < 300 or kept > 0
            if number % READ_EVERY == 0:
                sweep()

    def _reckon(self) -> None:
        self.report.stored = WebhookReceipt.objects.count()
        for key, over in self._truth().items():
            ends = Event.objects.filter(kind="grants.project.done", project=key.lower()).count()
            grants = Event.objects.filter(kind="grants.grant.project-done", project=key.lower()).count()
            self.report.ended += ends
            if (ends, grants) != (int(over), int(over)):
                self.report.duplicate_effects.append(
                    f"{key}: {ends} endings of {grants} grants, done: {over}"
                )
            self._compare(key, over=over)

    def _truth(self) -> dict[str, bool]:
        """Whether Jira itself says that an issue is done."""
        signed = ("purser@example.com", TOKEN)
        answers = {
            key: self.standin.http.get(f"/rest/api/2/issue/{key}", auth=signed).raise_for_status().json()
            for key in self.keys
        }
        return {
            key: each["fields"]["status"]["statusCategory"]["key"] == "done" for key, each in answers.items()
        }

    def _compare(self, key: str, *, over: bool) -> None:
        project, watch = Project.objects.get(key=key.lower()), Watch.objects.get(configured=key)
        status = Grant.objects.get(project=project).status
        found = (watch.over, project.state, status)
        if found != ((True, "closed", "revoking") if over else (False, "open", "active")):
            self.report.disagreeing.append(f"{key}: {found}, in Jira done: {over}")


def signed(body: bytes, secret: str) -> str:
    """The value of `X-Hub-Signature`."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _duplicate(one: Post, _dice: random.Random) -> Post:
    return Post("duplicate", one.body, one.headers, one.right)


def _wrong_secret(one: Post, dice: random.Random) -> Post:
    guessed = signed(one.body, f"guess-{dice.random()}")
    return Post("forged: wrong secret", one.body, {**one.headers, "x-hub-signature": guessed}, (401,))


def _altered(one: Post, _dice: random.Random) -> Post:
    body = one.body.replace(b'"new"', b'"done"').replace(b'"timestamp":1', b'"timestamp":2')
    return Post("forged: altered", body, one.headers, (401,))


def _truncated(one: Post, dice: random.Random) -> Post:
    return Post("forged: truncated", one.body[: dice.randrange(len(one.body))], one.headers, (401,))


def _unsigned(one: Post, _dice: random.Random) -> Post:
    return Post("forged: unsigned", one.body, {}, (401,))


def _bearer(one: Post, dice: random.Random) -> Post:
    wrong = dice.choice(["Bearer nothing", "Bearer ", "Basic dGhlLWJlYXJlci1zZWNyZXQ=", f"Bearer {SECRET}"])
    return Post("forged: bearer", one.body, {"authorization": wrong}, (401,))


def _cut_and_signed(one: Post, dice: random.Random) -> Post:
    body = one.body[: dice.randrange(len(one.body))]
    return Post("malformed", body, {"x-hub-signature": signed(body, SECRET)}, (400,))


def _unknown(one: Post, dice: random.Random) -> Post:
    fact = json.loads(one.body)
    fact["issue"] |= {"id": str(dice.randrange(10**8, 10**9)), "key": f"ELSE-{dice.randrange(1, 10**6)}"}
    body = json.dumps(fact).encode()
    return Post("unknown", body, {"x-hub-signature": signed(body, SECRET)}, (202,))


_SPOILERS = (
    _duplicate, _duplicate, _wrong_secret, _altered, _truncated, _unsigned, _bearer, _cut_and_signed, _unknown,
)  # fmt: skip
