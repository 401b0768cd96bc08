"""The guide for scripts names every call there is, and no other."""

import json
import re

from django.conf import settings

GUIDE = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")


def test_the_guide_names_every_address(nobody):
    document = json.loads(nobody.get("schema/").content)
    table = GUIDE.partition("## All calls")[2]
    lacking = [path for path in document["paths"] if path != "/api/v1/schema/" and not named(path, table)]
    assert lacking == []


def named(path, table):
    last = path.removeprefix("/api/v1").replace("{pk}", "{id}")
    short = "/" + last.rstrip("/").rpartition("/")[2] + "/"
    if last.endswith(("{id}/", "{key}/")):
        return last in table or "…" + re.sub(r"^/projects/\{key\}", "", last) in table
    return last in table or f"`{short}`" in table or f"{short}`" in table


def test_the_policy_of_the_docs_page_is_the_house_policy(nobody):
    docs, help_page = nobody.get("docs/"), nobody.client.get("/help/")
    assert docs.headers["Content-Security-Policy"] == help_page.headers["Content-Security-Policy"]
