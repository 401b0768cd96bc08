"""Facts that the policy's tests share: a request that passes every rule, to be spoilt one fact at a time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from approvals.policy.facts import Facts, Image, Lane, Member
from approvals.policy.types import Who

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ALICE, BOB, MIA, SAM = Who(1, "Alice"), Who(2, "Bob"), Who(4, "Mia"), Who(5, "Sam")
MLOPS, SECURITY = Lane("mlops", (MIA,)), Lane("security", (SAM,))
BOB_MEMBER = Member(2, "Bob", known=True, active=True)
TORCH = Image(
    image_id=7,
    reference="registry.example.com/ai/torch",
    tag="stable",
    digest="sha256:" + "a" * 64,
    exists=True,
    blocked=False,
    restricted=False,
    scan="passed",
    scanned_at=NOW - DAY,
)


def torch(**changes: Any) -> Image:
    return replace(TORCH, **changes)


def facts(**changes: Any) -> Facts:
    base = Facts(
        now=NOW,
        requester=ALICE,
        members=(BOB_MEMBER,),
        images=(TORCH,),
        starts=NOW,
        ends=NOW + 60 * DAY,
        role="viewer",
        environment="research",
        lanes=(MLOPS,),
    )
    return replace(base, **changes)
