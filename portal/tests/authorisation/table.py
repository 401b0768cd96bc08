"""The expected outcome of every route and verb for every role. A new route needs one line here.

`row(route, verbs, allow, hide=...)`: the roles of `allow` get through, those of `hide` get 404 as if nothing were
there, the other signed-in roles get 403; nobody and disabled people are asked to sign in. `at` names the object
of the world (conftest.py) that fills the route. A verb without a row must answer 405 or 404.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ACTIVE = frozenset(
    ["member", "lead", "other_lead", "mlops", "security", "auditor", "administrator", "budget", "stranger"]
)
NOT_SIGNED_IN = frozenset({"anonymous", "disabled"})
ROLES = tuple(sorted(ACTIVE | NOT_SIGNED_IN))

LEAD, ADMIN = frozenset({"lead"}), frozenset({"administrator"})
MEMBER = frozenset({"member"})
RUN = LEAD | ADMIN
LEADS = frozenset({"lead", "other_lead"})
APPROVERS = frozenset({"mlops", "security"})
READERS = frozenset({"auditor", "administrator"})
COST_READERS = READERS | {"budget"}
KEEPERS = ADMIN | {"budget"}
"""Who keeps budgets."""
STRANGER = frozenset({"stranger"})
OUTSIDE = frozenset({"other_lead", "stranger", "budget"})
"""Who is not of the team and has no role across teams: they must not learn that its objects exist."""
UNASKED = OUTSIDE | {"security"}
"""Who a sent request of the `mlops` lane does not concern."""
NOT_LEAD = ACTIVE - LEAD
NOT_TEAM = ACTIVE - MEMBER - LEAD - COST_READERS


@dataclass(frozen=True)
class Row:
    """One verb of one route. `everybody` overrides the rest: one outcome for all roles, signed in or not."""

    route: str
    verb: str
    allow: frozenset[str] = frozenset()
    hide: frozenset[str] = frozenset()
    at: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    everybody: str = ""

    def expected(self, role: str) -> str:
        """`allowed`, `hidden` (404), `forbidden` (403), `sign_in` (401 or the sign-in page)."""
        if self.everybody:
            return self.everybody
        if role in NOT_SIGNED_IN:
            return "sign_in"
        return "allowed" if role in self.allow else "hidden" if role in self.hide else "forbidden"


TABLE: list[Row] = []
BROWSER_ONLY = frozenset({("POST", "api/v1/tokens/"), ("POST", "api/v1/grants/<int:pk>/pull-secret/")})
"""The table is of sessions; an API token opens the same to its person but these, which would outlive it."""


def row(
    route: str,
    verbs: str,
    allow: frozenset[str] = frozenset(),
    *,
    hide: frozenset[str] = frozenset(),
    at: str = "",
    everybody: str = "",
    **body: Any,
) -> None:
    """Add a row for each verb."""
    TABLE.extend(Row(route, verb, allow, hide, at, body, everybody) for verb in verbs.split())


# The API: requests.
row("api/v1/requests/", "GET", ACTIVE)
row("api/v1/requests/", "POST", LEADS)
row("api/v1/requests/<int:pk>/", "GET", ACTIVE - UNASKED, hide=UNASKED, at="request")
row("api/v1/requests/<int:pk>/", "PATCH", LEAD, hide=UNASKED, at="request", days=10)
row("api/v1/requests/<int:pk>/changes/", "GET", ACTIVE - UNASKED, hide=UNASKED, at="request")
row("api/v1/requests/<int:pk>/submit/", "POST", LEAD, hide=NOT_LEAD, at="draft")
row(
    "api/v1/requests/<int:pk>/decisions/",
    "POST",
    frozenset({"mlops"}),
    hide=UNASKED,
    at="request",
    lane="mlops",
    verdict="approve",
    revision="request_revision",
)
row("api/v1/requests/<int:pk>/answer/", "POST", LEAD, hide=UNASKED, at="request", text="Because")
row("api/v1/requests/<int:pk>/withdraw/", "POST", LEAD, hide=UNASKED, at="request")
row("api/v1/requests/<int:pk>/nudge/", "POST", LEAD, hide=UNASKED, at="request")
row("api/v1/requests/<int:pk>/clone/", "POST", LEAD, hide=UNASKED, at="request")
row("api/v1/requests/<int:pk>/people/", "POST", LEAD, hide=NOT_LEAD, at="draft", members=["charlie"])
row("api/v1/requests/<int:pk>/people/copy/", "POST", LEAD, hide=NOT_LEAD, at="draft", request="request")
row("api/v1/requests/<int:pk>/people/leave-out/", "POST", LEAD, hide=NOT_LEAD, at="draft")
row("api/v1/requests/<int:pk>/people/<int:line>/", "POST", LEAD, hide=NOT_LEAD, at="draft", action="remove")
row("api/v1/inbox/", "GET", APPROVERS | READERS)

# The API: images, projects, teams, people.
row("api/v1/images/", "GET", ACTIVE)
row("api/v1/images/<int:pk>/", "GET", ACTIVE - STRANGER, hide=STRANGER, at="image")
row("api/v1/images/<int:pk>/scans/", "POST", ADMIN, hide=STRANGER, at="image")
for mark in ("block", "unblock", "restrict", "allow"):
    row(f"api/v1/images/<int:pk>/{mark}/", "POST", ADMIN, hide=STRANGER, at="image", reason="Because")
row("api/v1/projects/", "GET", ACTIVE)
row("api/v1/projects/<slug:key>/", "GET", ACTIVE - OUTSIDE, hide=OUTSIDE)
row("api/v1/projects/<slug:key>/", "PATCH", ADMIN, hide=OUTSIDE, name="New")
row("api/v1/projects/<slug:key>/robots/", "GET", ACTIVE - OUTSIDE, hide=OUTSIDE)
row("api/v1/projects/<slug:key>/robots/", "POST", RUN, hide=OUTSIDE, name="nightly")
row("api/v1/projects/<slug:key>/robots/<int:pk>/", "DELETE", RUN, hide=OUTSIDE, at="robot")
row("api/v1/projects/<slug:key>/ending/", "GET DELETE", RUN, hide=OUTSIDE)
row("api/v1/projects/<slug:key>/ending/", "POST", RUN, hide=OUTSIDE, until="later", reason="Because")
row("api/v1/brakes/", "GET", READERS)
row("api/v1/brakes/<int:pk>/", "GET", READERS, at="hold")
row("api/v1/brakes/<int:pk>/release/", "POST", ADMIN, at="hold", reason="Because")
row("api/v1/brakes/<int:pk>/refuse/", "POST", ADMIN, at="hold", reason="Because")
row("api/v1/teams/", "GET", ACTIVE)
row("api/v1/teams/<slug:key>/", "GET", ACTIVE - OUTSIDE, hide=OUTSIDE, at="team")
row("api/v1/people/", "GET", ACTIVE)
row("api/v1/people/<int:pk>/", "GET", ACTIVE - OUTSIDE, hide=OUTSIDE, at="person")
row("api/v1/people/<int:pk>/disable/", "POST", ADMIN, hide=OUTSIDE, at="person", reason="Left")
row("api/v1/people/<int:pk>/enable/", "POST", ADMIN, hide=OUTSIDE, at="person")
row("api/v1/people/<int:pk>/release/", "POST", ADMIN, hide=OUTSIDE, at="person")
row("api/v1/directory/import/", "POST", ADMIN)

# The API: access.
row("api/v1/grants/", "GET", ACTIVE)
row("api/v1/grants/<int:pk>/", "GET", ACTIVE - OUTSIDE, hide=OUTSIDE, at="grant")
row("api/v1/grants/<int:pk>/return/", "POST", RUN, hide=OUTSIDE, at="grant")
row("api/v1/grants/<int:pk>/extend/", "POST", APPROVERS | ADMIN, hide=OUTSIDE, at="grant", ends="later")
row("api/v1/grants/<int:pk>/revoke/", "POST", ADMIN | {"security"}, hide=OUTSIDE, at="grant", note="Because")
row("api/v1/grants/<int:pk>/retry/", "POST", RUN, hide=OUTSIDE, at="grant")
row("api/v1/grants/<int:pk>/pull-secret/", "POST", MEMBER, hide=OUTSIDE, at="grant", target="main")
row("api/v1/drift/", "GET", ACTIVE)
row("api/v1/drift/<int:pk>/", "GET", LEAD | READERS, hide=ACTIVE - LEAD - READERS, at="drift")
row(
    "api/v1/drift/<int:pk>/decide/",
    "POST",
    ADMIN,
    hide=ACTIVE - LEAD - READERS,
    at="drift",
    decision="adopt",
    reason="Known",
)
row("api/v1/targets/<slug:key>/export/", "GET", LEADS | READERS, at="target")
row("api/v1/targets/<slug:key>/scan/", "POST", ADMIN, at="target")
row("api/v1/targets/<slug:key>/release/", "POST", ADMIN, at="target", reason="Because")
row("api/v1/credentials/", "GET POST", ACTIVE)
row(
    "api/v1/credentials/<int:pk>/",
    "DELETE",
    ADMIN | {"member"},
    hide=ACTIVE - READERS - {"member"},
    at="credential",
)

# The API: the logs, oneself, the documents.
row("api/v1/pulls/", "GET", ACTIVE)
row("api/v1/pulls/gaps/", "GET", ACTIVE)
row("api/v1/events/", "GET", ACTIVE)
row("api/v1/events/export/", "GET", ACTIVE)
row("api/v1/costs/export/", "GET", ACTIVE, form="focus")
for figure in (
    "totals",
    "breakdown",
    "series",
    "standing",
    "estimate",
    "rates",
    "rates/versions",
    "restatements",
):
    row(f"api/v1/costs/{figure}/", "GET", ACTIVE)
row("api/v1/costs/rates/", "POST", ADMIN)
row("api/v1/costs/rates/preview/", "POST", ADMIN)
for whole in ("capacity", "reconciliation", "sources", "loads", "violations", "invoice", "settings"):
    row(f"api/v1/costs/{whole}/", "GET", COST_READERS)
row("api/v1/costs/settings/", "PATCH", ADMIN, shared_method="direct")
row("api/v1/costs/loads/", "POST", ADMIN)
row("api/v1/costs/sources/<slug:key>/read-now/", "POST", ADMIN, at="source")
for kept in ("reservation", "overhead"):
    several = {"reservation": "reservations"}.get(kept, kept)
    row(f"api/v1/costs/{several}/", "GET", COST_READERS)
    row(f"api/v1/costs/{several}/", "PUT", ADMIN)
    row(f"api/v1/costs/{several}/<int:pk>/", "DELETE", ADMIN, at=kept)
row("api/v1/costs/budgets/", "GET", LEADS | COST_READERS)
row("api/v1/costs/budgets/", "POST", KEEPERS)
row("api/v1/costs/budgets/<int:pk>/", "GET", LEAD | COST_READERS, hide=LEADS - LEAD, at="budget_row")
row("api/v1/costs/budgets/<int:pk>/", "PATCH DELETE", KEEPERS, hide=LEADS - LEAD, at="budget_row")
row("api/v1/costs/unused/", "GET", LEAD | COST_READERS, hide=NOT_TEAM, team="anti-fraud")
row("api/v1/costs/anomalies/", "GET", LEADS | COST_READERS)
row(
    "api/v1/costs/anomalies/<int:pk>/note/",
    "POST",
    LEAD | KEEPERS,
    hide=LEADS - LEAD,
    at="anomaly",
    note="Because",
)
row("api/v1/notifications/", "GET", ACTIVE)
row("api/v1/notifications/read/", "POST", ACTIVE)
row("api/v1/tokens/", "GET", ACTIVE)
row("api/v1/tokens/", "POST", ACTIVE, name="nightly", scopes=["read"])
row("api/v1/tokens/<int:pk>/", "DELETE", LEAD, hide=NOT_LEAD, at="token")
# A program begins to sign in before anybody is known; what it gets is decided on the page.
row("api/v1/device/", "POST", everybody="allowed")
row("api/v1/device/token/", "POST", everybody="allowed", device_code="unknown")
row("api/v1/registries/", "GET", ACTIVE)
row("api/v1/me/", "GET", ACTIVE)
row("api/v1/me/", "PATCH", ACTIVE, language="en")
row("api/v1/schema/", "GET", everybody="allowed")
row("api/v1/docs/", "GET", everybody="allowed")
row("api/v1/", "GET POST PUT PATCH DELETE", everybody="hidden")

# Pages: the frame.
row("", "GET", ACTIVE)
row("preferences/", "POST", everybody="allowed")
row("counts/", "GET", ACTIVE)
for open_page in ("help/", "help/keyboard/", "accessibility/"):
    row(open_page, "GET", everybody="allowed")
row("healthz", "GET", everybody="open")
row("styleguide/", "GET", ADMIN)
row("pull-help/", "GET POST", ACTIVE)
row("search/", "GET", ACTIVE)
row("health/", "GET", ADMIN)
row("brakes/", "GET", READERS)
row("brakes/<int:pk>/", "GET", READERS, at="hold")
row("brakes/<int:pk>/release/", "POST", ADMIN, at="hold", reason="Because", seen="1")
row("brakes/<int:pk>/refuse/", "POST", ADMIN, at="hold", reason="Because", seen="1")
row("notifications/", "GET", ACTIVE)
row("notifications/read/", "POST", ACTIVE)
row("notifications/<int:pk>/", "POST", frozenset({"mlops"}), hide=ACTIVE - {"mlops"}, at="notification")

# Pages: the catalogue.
row("catalogue/", "GET", ACTIVE)
row("catalogue/select/", "POST", ACTIVE)
row("catalogue/<int:pk>/", "GET", ACTIVE - STRANGER, hide=STRANGER, at="image")
row("catalogue/<int:pk>/compare/", "GET", ACTIVE - STRANGER, hide=STRANGER, at="image")
row("catalogue/<int:pk>/scans/", "GET POST", ADMIN, hide=STRANGER, at="image")
row("catalogue/<int:pk>/mark/<slug:mark>/", "GET POST", ADMIN, hide=STRANGER, at="image")

# Pages: requests and approvals.
row("requests/", "GET", ACTIVE)
row("requests/new/", "GET POST", LEADS)
row("requests/<int:pk>/", "GET", ACTIVE - UNASKED, hide=UNASKED, at="request")
row("requests/<int:pk>/changes/", "GET", ACTIVE - UNASKED, hide=UNASKED, at="request")
row("requests/<int:pk>/edit/<str:step>/", "GET POST", LEAD, hide=NOT_LEAD, at="draft")
row("requests/<int:pk>/check/", "GET POST", LEAD, hide=NOT_LEAD, at="draft")
row("requests/<int:pk>/withdraw/", "GET POST", LEAD, hide=UNASKED, at="request")
row("requests/<int:pk>/copy/", "POST", LEAD, hide=UNASKED, at="request")
row("requests/<int:pk>/answer/", "GET", ACTIVE - UNASKED, hide=UNASKED, at="request")
row("requests/<int:pk>/answer/", "POST", LEAD, hide=UNASKED, at="request", text="Because")
row("requests/<int:pk>/nudge/", "POST", LEAD, hide=UNASKED, at="request")
row("approvals/", "GET", APPROVERS | READERS)
row("approvals/<int:pk>/", "GET", READERS | {"mlops"}, hide=frozenset({"security"}), at="request")
row(
    "approvals/<int:pk>/decide/",
    "POST",
    frozenset({"mlops"}),
    hide=frozenset({"security"}),
    at="request",
    lane="mlops",
    verdict="approve",
    revision="request_revision",
)

# Pages: access, pulls, events.
row("grants/", "GET", ACTIVE)
row("grants/export/", "POST", ACTIVE, tab="mine")
# Each ticked grant is decided by itself: portal/pages/grants/tests/test_returning.py.
row("grants/return/", "GET POST", ACTIVE, sel="grant")
row("grants/<int:pk>/", "GET", ACTIVE - OUTSIDE, hide=OUTSIDE, at="grant")
row("grants/<int:pk>/return/", "GET POST", RUN, hide=OUTSIDE, at="grant")
row("grants/<int:pk>/extend/", "GET POST", APPROVERS | ADMIN, hide=OUTSIDE, at="grant")
row("grants/<int:pk>/revoke/", "GET POST", ADMIN | {"security"}, hide=OUTSIDE, at="grant")
row("grants/<int:pk>/retry/", "POST", RUN, hide=OUTSIDE, at="grant")
row("grants/<int:pk>/pull-secret/", "POST", MEMBER, hide=OUTSIDE, at="grant", target="main")
row("pulls/", "GET", ACTIVE)
row("audit/", "GET", ACTIVE)
row("audit/export/", "POST", ACTIVE, format="csv")
row("requests/<int:pk>/estimate/", "GET", ACTIVE - UNASKED, hide=UNASKED, at="request")
row("costs/", "GET", ACTIVE)
row("costs/teams/<slug:key>/", "GET", MEMBER | LEAD | COST_READERS, hide=NOT_TEAM, at="team")
row("costs/teams/<slug:key>/unused/", "GET", LEAD | COST_READERS, hide=NOT_TEAM, at="team")
row("costs/organisation/", "GET", COST_READERS)
for cost_page in ("costs/images/", "costs/mine/", "costs/day/<str:day>/", "costs/figures/", "costs/news/"):
    row(cost_page, "GET", ACTIVE)
row("costs/export/", "POST", ACTIVE, form="showback")

# Pages: keeping costs.
for prices in ("costs/rates/", "costs/rates/history/", "costs/restatements/"):
    row(prices, "GET", ACTIVE)
row("costs/rates/change/", "GET POST", ADMIN)
row("costs/gpu-types/new/", "GET POST", ADMIN)
row("costs/gpu-types/<slug:key>/", "GET POST", ADMIN, at="gpu_type")
row("costs/budgets/", "GET", LEADS | COST_READERS)
for keeping in ("costs/budgets/new/", "costs/budgets/import/"):
    row(keeping, "GET POST", KEEPERS)
row("costs/budgets/template.csv", "GET", KEEPERS)
row("costs/budgets/<int:pk>/", "GET POST", KEEPERS, hide=LEADS - LEAD, at="budget_row")
row("costs/budgets/<int:pk>/remove/", "GET POST", KEEPERS, hide=LEADS - LEAD, at="budget_row")
for kept in ("reservation", "overhead"):
    several = {"reservation": "reservations"}.get(kept, kept)
    row(f"costs/{several}/", "GET", COST_READERS)
    row(f"costs/{several}/new/", "GET POST", ADMIN)
    row(f"costs/{several}/<int:pk>/", "GET POST", ADMIN, at=kept)
    row(f"costs/{several}/<int:pk>/remove/", "POST", ADMIN, at=kept)
for whole in ("costs/invoice/", "costs/sources/", "costs/loads/", "costs/settings/"):
    row(whole, "GET", COST_READERS)
row("costs/settings/", "POST", ADMIN)
row("costs/sources/<slug:key>/", "GET", COST_READERS, at="source")
row("costs/sources/<slug:key>/read/", "POST", ADMIN, at="source")
row("costs/sources/<slug:key>/file/", "GET POST", ADMIN, at="source")
row("audit/<int:seq>/", "GET", LEAD | READERS, hide=ACTIVE - LEAD - READERS, at="event")

# Pages: differences at systems.
row("drift/", "GET", LEADS | READERS)
row("drift/<int:pk>/", "GET", LEAD | READERS, hide=ACTIVE - LEAD - READERS, at="drift")
row("drift/<int:pk>/decide/", "POST", ADMIN, hide=ACTIVE - LEAD - READERS, at="drift", decision="adopt")
row("drift/scan/", "POST", ADMIN, target="main")
row("drift/release/", "POST", ADMIN, target="main", reason="Because")

# Pages: the directory.
row("teams/", "GET", ACTIVE)
row("teams/<slug:key>/", "GET", ACTIVE - OUTSIDE, hide=OUTSIDE, at="team")
row("projects/", "GET", ACTIVE)
row("projects/<slug:key>/", "GET", ACTIVE - OUTSIDE, hide=OUTSIDE)
row("projects/<slug:key>/end/", "GET POST", RUN, hide=OUTSIDE)
row("projects/<slug:key>/end/go-on/", "POST", RUN, hide=OUTSIDE)
row("projects/<slug:key>/settings/", "GET POST", ADMIN, hide=OUTSIDE)
row("projects/<slug:key>/export/", "POST", LEAD | READERS, hide=OUTSIDE, target="main", format="yaml")
row("projects/<slug:key>/robots/", "POST", RUN, hide=OUTSIDE, name="nightly", days=30)
row("projects/<slug:key>/robots/<int:pk>/revoke/", "POST", RUN, hide=OUTSIDE, at="robot")
row("people/", "GET", ACTIVE)
row("people/<int:pk>/", "GET", ACTIVE - OUTSIDE, hide=OUTSIDE, at="person")
row("people/<int:pk>/disable/", "GET POST", ADMIN, hide=OUTSIDE, at="person")
row("people/<int:pk>/enable/", "POST", ADMIN, hide=OUTSIDE, at="person")
row("people/<int:pk>/release/", "POST", ADMIN, hide=OUTSIDE, at="person")
row("directory/import/", "GET POST", ADMIN)
row("directory/template/<slug:kind>.csv", "GET", ADMIN)

# Pages: one's own account.
row("account/", "GET POST", ACTIVE)
row("account/tokens/", "POST", ACTIVE)
row("device/", "GET POST", ACTIVE)
row("account/tokens/<int:pk>/revoke/", "POST", LEAD, hide=NOT_LEAD, at="token")
row("account/pull-tokens/", "POST", ACTIVE)
row(
    "account/pull-tokens/<int:pk>/revoke/",
    "POST",
    frozenset({"member"}),
    hide=ACTIVE - {"member"},
    at="credential",
)

# Sign-in: open to everybody; what is not ours of allauth does not exist.
for sign_in in ("login/", "inactive/", "3rdparty/login/cancelled/", "3rdparty/login/error/"):
    row(f"accounts/{sign_in}", "GET POST", everybody="open")
row("accounts/logout/", "GET POST", everybody="open")
row("accounts/oidc/^(?P<provider_id>[^/]+)/login/", "GET POST", everybody="open")
row("accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/", "GET POST", everybody="open")
for saml in ("acs/", "acs/finish/", "sls/", "metadata/", "login/"):
    row(f"accounts/^saml/(?P<organization_slug>[^/]+)/{saml}", "GET POST", everybody="open")
for closed in (
    "3rdparty/signup/",
    "3rdparty/",
    "social/login/cancelled/",
    "social/login/error/",
    "social/signup/",
    "social/connections/",
):
    row(f"accounts/{closed}", "GET POST", everybody="hidden")

# Machines prove themselves by a secret; no session of any person opens these.
row("webhooks/jira/", "POST", everybody="sign_in")
row("webhooks/google/<slug:target>/", "POST", everybody="sign_in")
row("webhooks/harbor/<slug:target>/", "POST", everybody="sign_in")
row("webhooks/registry/<slug:target>/", "POST", everybody="sign_in")
