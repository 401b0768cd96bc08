"""Every page with somebody who sees it; `{draft}` and the like are filled from the world.

Left out: the API's document page, which is Swagger UI's own.
"""

from dataclasses import dataclass

from portal.tests.journeys.world import World


@dataclass(frozen=True)
class PageCase:
    """A page: its name, address, the person of the cast who opens it (empty: nobody), what to do once there."""

    name: str
    path: str
    person: str = ""
    press: str = ""
    """Selector of a control to click before looking: an opened menu, a dialog, a form sent empty."""

    status: int = 200

    def address(self, world: World) -> str:
        """The address with the world's numbers in it."""
        return self.path.format(**world.keys)


MAIN = (
    PageCase("home of a lead", "/", "alice"),
    PageCase("catalogue", "/catalogue/", "alice"),
    PageCase("new request", "/requests/new/", "alice"),
    PageCase("images step", "/requests/{draft}/edit/images/?q=a", "alice"),
    PageCase("members step", "/requests/{draft}/edit/members/", "alice"),
    PageCase("purpose step sent empty", "/requests/{empty}/edit/purpose/", "alice", "#save-step", 422),
    PageCase("check", "/requests/{draft}/check/", "alice"),
    PageCase("request waiting", "/requests/{pending}/", "alice"),
    PageCase("inbox", "/approvals/", "mia"),
    PageCase("inbox detail", "/approvals/{pending}/", "mia"),
    PageCase("grant", "/grants/{grant}/", "bob"),
    PageCase("events", "/audit/", "ada"),
)
"""The pages of the main job: what the short form looks at."""

MORE = (
    PageCase("sign-in", "/accounts/login/"),
    PageCase("sign-out", "/accounts/logout/", "bob"),
    PageCase("home of a member", "/", "bob"),
    PageCase("home of a stranger", "/", "charlie"),
    PageCase("home of an approver", "/", "mia"),
    PageCase("language menu", "/", "alice", "#open-language"),
    PageCase("account menu", "/", "alice", "#open-account"),
    PageCase("catalogue without a match", "/catalogue/?q=nothinglikethis", "alice"),
    PageCase("image", "/catalogue/{image}/", "alice"),
    PageCase("compare two tags", "/catalogue/{two}/compare/", "alice"),
    PageCase(
        "compare a tag that is gone", "/catalogue/{two}/compare/?one=nowhere&other=1.1", "alice", status=422
    ),
    PageCase("restricted image for the administrator", "/catalogue/{restricted}/", "root"),
    PageCase("requests", "/requests/", "alice"),
    PageCase("requests without a match", "/requests/?q=nothinglikethis", "alice"),
    PageCase("project step", "/requests/{draft}/edit/project/", "alice"),
    PageCase("new request of somebody who leads nothing", "/requests/new/", "charlie", status=403),
    PageCase("images step empty", "/requests/{empty}/edit/images/", "alice"),
    PageCase("members step sent empty", "/requests/{empty}/edit/members/", "alice", "#save-step", 422),
    PageCase("check with gaps", "/requests/{empty}/check/", "alice", "#send-request", 422),
    PageCase("members of a sent request", "/requests/{pending}/edit/members/", "alice"),
    PageCase("request draft", "/requests/{draft}/", "alice"),
    PageCase("request with a question", "/requests/{asked}/?tab=conversation", "alice"),
    PageCase("request approved", "/requests/{approved}/", "alice"),
    PageCase("request denied", "/requests/{denied}/", "alice"),
    PageCase("request members", "/requests/{pending}/?tab=members", "alice"),
    PageCase("request policy", "/requests/{pending}/?tab=policy", "alice"),
    PageCase("request timeline", "/requests/{approved}/?tab=timeline", "alice"),
    PageCase("withdraw", "/requests/{pending}/withdraw/", "alice"),
    PageCase("inbox of the group", "/approvals/?view=group", "mia"),
    PageCase("inbox, nothing waiting", "/approvals/", "sam"),
    PageCase("inbox, decided", "/approvals/?view=decided", "mia"),
    PageCase("decision without a choice", "/approvals/{pending}/", "mia", "#send-decision", 422),
    PageCase("somebody else's lane", "/approvals/{asked}/", "ada"),
    PageCase("grants", "/grants/", "bob"),
    PageCase("grants of the team", "/grants/?tab=team", "alice"),
    PageCase("return selected", "/grants/return/?sel={grant}&sel={ended}", "alice"),
    PageCase("return selected, done", "/grants/return/?sel={grant}", "alice", "#confirm"),
    PageCase("return, nothing selected", "/grants/return/", "alice"),
    PageCase("grants of nobody", "/grants/", "charlie"),
    PageCase("ended grant", "/grants/{ended}/", "alice"),
    PageCase("grant for the administrator", "/grants/{grant}/", "root"),
    PageCase("return", "/grants/{grant}/return/", "alice"),
    PageCase("extend", "/grants/{grant}/extend/", "root"),
    PageCase("revoke", "/grants/{grant}/revoke/", "root"),
    PageCase("pull help", "/pull-help/", "bob"),
    PageCase("pull help answered", "/pull-help/?q=main.registry.test/fraud/base:stable", "bob"),
    PageCase("pulls", "/pulls/", "ada"),
    PageCase("event", "/audit/{event}/", "ada"),
    PageCase("events without a match", "/audit/?kind=nothing.like.this", "ada"),
    PageCase("teams", "/teams/", "root"),
    PageCase("team", "/teams/{team}/", "alice"),
    PageCase("projects", "/projects/", "root"),
    PageCase("project of a lead", "/projects/{project}/", "alice"),
    PageCase("project for the administrator", "/projects/{project}/", "root"),
    PageCase("project settings", "/projects/{project}/settings/", "root"),
    PageCase("people", "/people/", "root"),
    PageCase("person", "/people/{person}/", "root"),
    PageCase("disable", "/people/{person}/disable/", "root"),
    PageCase("import", "/directory/import/", "root"),
    PageCase("account", "/account/", "alice"),
    PageCase("sign in a terminal", "/device/", "bob"),
    PageCase("sign in a terminal with a wrong code", "/device/?code=BBBB-BBBB", "bob", status=422),
    PageCase("a terminal asks", "/device/?code={code}", "bob"),
    PageCase("notifications", "/notifications/", "alice"),
    PageCase("no notifications", "/notifications/", "charlie"),
    PageCase("health", "/health/", "root"),
    PageCase("differences", "/drift/", "root"),
    PageCase("differences of a lead", "/drift/", "alice"),
    PageCase("differences without a match", "/drift/?kind=leftover", "ada"),
    PageCase("difference", "/drift/{drift}/", "root"),
    PageCase("difference, decision without a choice", "/drift/{drift}/", "root", "#decide", 422),
    PageCase("difference somebody fights over", "/drift/{fought}/", "alice"),
    PageCase("brakes", "/brakes/", "root"),
    PageCase("held back", "/brakes/{hold}/", "root"),
    PageCase("held back, released without a reason", "/brakes/{hold}/", "root", "#release", 422),
    PageCase("held back, read by the auditor", "/brakes/{hold}/", "ada"),
    PageCase("home of an administrator", "/", "root"),
    PageCase("a project that is done", "/projects/{done}/", "alice"),
    PageCase("the end of a project", "/projects/{done}/end/", "alice"),
    PageCase("the end put on hold without a date", "/projects/{done}/end/", "alice", "#hold", 422),
    PageCase("rate card", "/costs/rates/", "bob"),
    PageCase("rate card for the administrator", "/costs/rates/", "root"),
    PageCase("a change of prices", "/costs/rates/change/?type=l40s&cluster=&class=", "root"),
    PageCase("a change of prices sent empty", "/costs/rates/change/", "root", "#preview", 422),
    PageCase("versions of the rate card", "/costs/rates/history/", "ada"),
    PageCase("restatements", "/costs/restatements/", "alice"),
    PageCase("no restatements", "/costs/restatements/", "charlie"),
    PageCase("a type of GPU", "/costs/gpu-types/l40s/", "root"),
    PageCase("a new type of GPU sent empty", "/costs/gpu-types/new/", "root", "#save", 422),
    PageCase("budgets", "/costs/budgets/?all=1", "mona"),
    PageCase("budgets of a lead", "/costs/budgets/", "alice"),
    PageCase("a budget", "/costs/budgets/{budget}/", "mona"),
    PageCase("a new budget sent empty", "/costs/budgets/new/", "mona", "#save", 422),
    PageCase("removing a budget", "/costs/budgets/{budget}/remove/", "mona"),
    PageCase("importing budgets without a file", "/costs/budgets/import/", "mona", "#import", 422),
    PageCase("reservations", "/costs/reservations/", "root"),
    PageCase("a reservation", "/costs/reservations/{reservation}/", "root"),
    PageCase("a new reservation sent empty", "/costs/reservations/new/", "root", "#save", 422),
    PageCase("overhead", "/costs/overhead/", "root"),
    PageCase("an overhead", "/costs/overhead/{overhead}/", "root"),
    PageCase("new overhead sent empty", "/costs/overhead/new/", "root", "#save", 422),
    PageCase("cost settings", "/costs/settings/", "root"),
    PageCase("cost settings, read", "/costs/settings/", "ada"),
    PageCase("cost sources", "/costs/sources/", "root"),
    PageCase("a cost source", "/costs/sources/{source}/", "root"),
    PageCase("a file for a source sent empty", "/costs/sources/{source}/file/", "root", "#look", 422),
    PageCase("what was brought", "/costs/loads/", "ada"),
    PageCase("invoice and rate card", "/costs/invoice/", "mona"),
    PageCase("block an image", "/catalogue/{image}/mark/block/", "root"),
    PageCase("costs of a team", "/costs/teams/{team}/", "alice"),
    PageCase("unused access of a team", "/costs/teams/{team}/unused/", "alice"),
    PageCase("unused access of a team, all used", "/costs/teams/{team}/unused/?days=90", "ada"),
    PageCase("costs of a team in GPU hours, for a member", "/costs/teams/{team}/?unit=hours", "bob"),
    PageCase(
        "costs of a team, split by person", "/costs/teams/{team}/?split=person&sort=by-project.cost", "root"
    ),
    PageCase("costs of a team, nothing used", "/costs/teams/{team}/?from=2020-01-01&to=2020-01-31", "alice"),
    PageCase(
        "costs of a team, no such days", "/costs/teams/{team}/?from=soon&to=2026-13-01", "alice", status=422
    ),
    PageCase("costs of a team, nothing matches", "/costs/teams/{team}/?gpu=a100", "alice"),
    PageCase("costs of the organisation", "/costs/organisation/", "mona"),
    PageCase(
        "costs of the organisation, nothing used", "/costs/organisation/?from=2020-01-01&to=2020-01-31", "ada"
    ),
    PageCase(
        "costs of the organisation, no such class", "/costs/organisation/?class=free", "root", status=422
    ),
    PageCase("costs of images", "/costs/images/", "alice"),
    PageCase("costs of one image", "/costs/images/?image={cost_image}", "root"),
    PageCase("costs of images, nothing used", "/costs/images/", "charlie"),
    PageCase("costs of images, no period", "/costs/images/?period=always", "bob", status=422),
    PageCase("own GPU use", "/costs/mine/", "bob"),
    PageCase("own GPU use, none", "/costs/mine/", "charlie"),
    PageCase("own GPU use, no such day", "/costs/mine/?from=0", "bob", status=422),
    PageCase("GPU use of a day", "/costs/day/{cost_day}/", "alice"),
    PageCase("GPU use of a day, none", "/costs/day/2020-02-29/", "root"),
    PageCase("GPU use of a day, no such class", "/costs/day/{cost_day}/?class=free", "alice", status=422),
    PageCase("what the figures of costs mean", "/costs/figures/", "bob"),
    PageCase("costs of somebody without a team", "/costs/", "charlie"),
    PageCase("search", "/search/?q=fraud", "alice"),
    PageCase("search empty", "/search/", "alice"),
    PageCase("help", "/help/"),
    PageCase("keys", "/help/keyboard/", "bob"),
    PageCase("accessibility", "/accessibility/"),
    PageCase("style guide", "/styleguide/", "root"),
    PageCase("nowhere", "/nowhere/", "bob", status=404),
    PageCase("not allowed", "/health/", "bob", status=403),
)

ALL = MAIN + MORE
