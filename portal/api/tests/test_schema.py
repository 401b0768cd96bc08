"""The OpenAPI document: complete, valid, without a warning, and open to everybody."""

import json
import warnings

from django.core.management import call_command
from drf_spectacular.drainage import GENERATOR_STATS

from portal.api.tests.conftest import Caller

HARMLESS = {"get", "head", "options"}


def test_schema_is_made_without_warnings(db, tmp_path):
    GENERATOR_STATS.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))
    assert (tmp_path / "schema.yaml").read_text().startswith("openapi: 3.1")


def test_schema_is_served_to_anybody_as_json(nobody):
    response = nobody.get("schema/")
    document = json.loads(response.content)
    assert (response.status_code, document["openapi"]) == (200, "3.1.0")
    assert set(document["components"]["securitySchemes"]) == {"token", "session"}


def test_every_call_documents_its_problems(nobody):
    document = json.loads(nobody.get("schema/").content)
    lacking = [
        f"{verb} {path}"
        for path, calls in document["paths"].items()
        for verb, call in calls.items()
        if path != "/api/v1/schema/" and verb in {"get", "post", "patch", "delete"}
        if not {"400", "401", "429", "default"} <= set(call["responses"])
    ]
    assert lacking == []


def test_every_call_has_a_name_of_its_own(nobody):
    document = json.loads(nobody.get("schema/").content)
    names = [
        call["operationId"]
        for calls in document["paths"].values()
        for verb, call in calls.items()
        if verb in {"get", "post", "patch", "delete"}
    ]
    assert len(names) == len(set(names)) > 45


def test_docs_page_needs_no_inline_script_or_style(nobody):
    response = nobody.get("docs/")
    page = response.content.decode()
    assert response.status_code == 200
    assert "<style" not in page
    assert " style=" not in page
    assert page.count("<script src=") == page.count("<script") == 2
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy


def test_docs_script_names_the_schema(nobody):
    script = nobody.get("docs/", script="")
    assert script.headers["Content-Type"].startswith("application/javascript")
    assert b"/api/v1/schema/" in script.content
    assert isinstance(nobody, Caller)
