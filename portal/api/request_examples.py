"""Examples of requests and decisions, as the OpenAPI document and the docs page show them."""

from typing import Any

from portal.api.schema import example

ASK: dict[str, Any] = {
    "project": "anti-fraud-v2",
    "images": ["registry.example.com/fraud/training:stable"],
    "role": "viewer",
    "members": ["bob@example.com", "chen.wei@example.com"],
    "use_case": "Train the fraud model",
    "days": 90,
    "environment": "research",
    "submit": True,
}
ANSWER: dict[str, Any] = {
    "id": 1207,
    "number": "REQ-1207",
    "status": "pending",
    "revision": 2,
    "checks": [
        {
            "rule": "duration",
            "result": "passed",
            "code": "duration_allowed",
            "text": "90 days; the most allowed is 180",
        }
    ],
    "lanes": [
        {
            "name": "mlops",
            "status": "waiting",
            "eligible": [{"id": 4, "name": "Mia"}],
            "due_at": "2026-11-21T10:00:00Z",
            "decisions": [],
        }
    ],
}


def _problem(status: int, code: str, title: str, detail: str, **more: Any) -> dict[str, Any]:
    kind = f"urn:purser:problem:{code}"
    return {"type": kind, "title": title, "status": status, "detail": detail, "code": code, **more}


SENT = example("Ask for two people", ASK, request=True)
CREATED = example("Sent (shortened)", ANSWER, status=201)
NOT_SENDABLE = example(
    "Policy stops it",
    _problem(
        422,
        "not_sendable",
        "Something needs to be changed",
        "This request cannot be sent yet.",
        checks=[{"rule": "people", "result": "blocked", "code": "nobody", "text": "Nobody is listed."}],
    ),
    status=422,
)
APPROVE = example(
    "Approve", {"lane": "mlops", "verdict": "approve", "reason": "", "revision": 2}, request=True
)
DECIDED = example("Approved (shortened)", {**ANSWER, "status": "approved", "grant": 88}, status=200)
OWN = example(
    "One's own request",
    _problem(
        403,
        "self_approval",
        "You cannot do this",
        "You cannot decide this request, because you wrote it, lead its team or are one of its members.",
    ),
    status=403,
)
STALE = example(
    "Changed meanwhile",
    _problem(
        409,
        "stale_revision",
        "Something changed meanwhile",
        "This request changed since you opened it. Look at it again before you decide.",
        context={"revision": 3, "changed_by": "Alice", "changed_at": "2026-11-20T10:41:00+00:00"},
    ),
    status=409,
)
