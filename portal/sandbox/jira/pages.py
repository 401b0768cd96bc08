"""The page people see: the issues, their status, and the button that finishes or re-opens them."""

from html import escape

from portal.sandbox.jira.jira import Jira
from portal.sandbox.jira.store import DONE, STATUSES, TO_DO, Issue
from portal.sandbox.wire import HttpError, Request, Response, Router

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Language": "en",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}

WORDS = {
    "en": {
        "lang": "en",
        "title": "Jira stand-in",
        "about": "This small server plays Jira. Finish an issue here and watch what it ends.",
        "caption": "Issues",
        "key": "Key",
        "summary": "Summary",
        "project": "Project",
        "status": "Status",
        "action": "Action",
        "finish": "Done",
        "reopen": "Re-open",
        "none": "There are no issues yet.",
        "moved": "{key} is now: {status}.",
    },
    "zh": {
        "lang": "zh-Hans",
        "title": "Jira 替身",
        "about": "这个小服务器扮演 Jira。在这里完成一个事务，看看它会结束什么。",
        "caption": "事务",
        "key": "编号",
        "summary": "摘要",
        "project": "项目",
        "status": "状态",
        "action": "操作",
        "finish": "完成",
        "reopen": "重新打开",
        "none": "还没有事务。",
        "moved": "{key} 现在的状态：{status}。",
    },
}

STYLE = b"""
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: start; font-weight: 600; padding-block: .5rem; }
th, td { text-align: start; padding: .5rem; border-bottom: 1px solid #8888; }
button { font: inherit; padding: .25rem 1rem; min-height: 2.25rem; cursor: pointer; }
:focus-visible { outline: 3px solid #06c; outline-offset: 2px; }
.said { border-inline-start: 4px solid #06c; padding-inline-start: .75rem; }
"""


class Pages:
    """The handlers of the page."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    def routes(self, router: Router) -> None:
        """Add all routes."""
        router.add("GET", "/", self.index)
        router.add("GET", r"/style\.css", self.style)
        router.add("POST", r"/issues/(?P<name>[^/]+)/(?P<action>done|reopen)", self.move)

    def index(self, request: Request) -> Response:
        """The list of issues."""
        words = WORDS[language(request.headers.get("accept-language", ""))]
        issues = sorted(self._jira.store.issues.values(), key=lambda issue: (issue.project_id, int(issue.id)))
        rows = "".join(self._row(issue, words) for issue in issues)
        body = _table(rows, words) if issues else f"<p>{words['none']}</p>"
        moved = self._jira.store.issue(request.arg("moved"))
        page = _page(words, self._said(moved, words) + body)
        return Response(200, page.encode(), HEADERS | {"Content-Language": words["lang"]})

    def style(self, request: Request) -> Response:
        """The style sheet."""
        return Response(
            200, STYLE, {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=300"}
        )

    def move(self, request: Request, name: str, action: str) -> Response:
        """Finish or re-open an issue, then show the list again."""
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise HttpError(403, "This form belongs to this page.")
        issue = self._jira.store.issue(name)
        if issue is None:
            raise HttpError(404, "There is no such issue.")
        self._jira.move(issue, DONE if action == "done" else TO_DO, base=request.base)
        return Response(303, b"", {"Location": f"/?moved={issue.key}"})

    def _said(self, issue: Issue | None, words: dict[str, str]) -> str:
        if issue is None:
            return ""
        said = words["moved"].format(key=issue.key, status=STATUSES[issue.status].name)
        return f'<p class="said" role="status">{escape(said)}</p>'

    def _row(self, issue: Issue, words: dict[str, str]) -> str:
        key, status = escape(issue.key), STATUSES[issue.status]
        action, label = (
            ("reopen", words["reopen"]) if status.category == "done" else ("done", words["finish"])
        )
        button = f'<button aria-label="{label} {key}">{label}</button>'
        return (
            f'<tr><th scope="row">{key}</th><td>{escape(issue.summary)}</td>'
            f"<td>{escape(self._jira.store.projects[issue.project_id].name)}</td><td>{escape(status.name)}</td>"
            f'<td><form method="post" action="/issues/{key}/{action}">{button}</form></td></tr>'
        )


def language(accepted: str) -> str:
    """`zh` when the browser prefers Chinese to English, else `en` (RFC 9110 12.5.4)."""
    weighed: list[tuple[float, str]] = []
    for part in accepted.split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            weight = 0.0
        weighed.append((-weight, tag[:2].lower()))
    known = [tag for weight, tag in sorted(weighed, key=lambda pair: pair[0]) if tag in WORDS and weight < 0]
    return known[0] if known else "en"


def _table(rows: str, words: dict[str, str]) -> str:
    names = ("key", "summary", "project", "status", "action")
    heads = "".join(f'<th scope="col">{words[name]}</th>' for name in names)
    return f"<table><caption>{words['caption']}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _page(words: dict[str, str], body: str) -> str:
    return (
        f'<!doctype html><html lang="{words["lang"]}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{words["title"]}</title>'
        '<link rel="stylesheet" href="/style.css"></head>'
        f"<body><main><h1>{words['title']}</h1><p>{words['about']}</p>{body}</main></body></html>"
    )
