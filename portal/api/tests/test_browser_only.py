"""What no API token opens, whatever its scopes: the document says so, and so do the answers."""

import json

import pytest

BROWSER_ONLY = ["/api/v1/grants/{id}/pull-secret/", "/api/v1/tokens/"]


def test_the_document_says_which_calls_need_the_browser(nobody):
    paths = json.loads(nobody.get("schema/").content)["paths"]
    found = [path for path in paths if paths[path].get("post", {}).get("security") == [{"session": []}]]
    assert sorted(found) == BROWSER_ONLY
    assert {"token": []} in paths["/api/v1/tokens/"]["get"]["security"]


@pytest.mark.parametrize("path", BROWSER_ONLY)
@pytest.mark.parametrize("scope", ["read", "write"])
def test_no_token_opens_them(as_, scene, path, scope):
    answer = as_("alice", scope).post(path.removeprefix("/api/v1/").format(id=1), {"target": "harbor"})
    assert (answer.status_code, answer.json()["code"]) == (403, "browser_only")
