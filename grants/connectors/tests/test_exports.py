"""Exports: what is written is what terraform would write, says what the entries say, and holds no secret."""

import base64
import json
import re
import shutil
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from grants.connectors.base import Entry
from grants.connectors.google_terraform import google_items
from grants.connectors.harbor_settings import HarborSettings
from grants.connectors.harbor_terraform import PART, harbor_items
from grants.connectors.hcl import Attribute, Block, Comment, Raw, digest, document, label, quoted
from grants.connectors.kubernetes_yaml import ALONE, PULL_SECRET, kubernetes_items, kubernetes_yaml
from grants.connectors.plain_yaml import plain_yaml
from grants.connectors.tests import exports

GOLDEN = Path(__file__).parent / "golden"
HARBOR = HarborSettings(target="harbor", installation="eu")
TERRAFORM = shutil.which("terraform")
needs_terraform = pytest.mark.skipif(TERRAFORM is None, reason="terraform is not on PATH")
NASTY = [
    'a "quoted" name', "${path.module}", "%{ if true }", "$${x}", "$$${x}", "%%{x}", "100 %", "$", "${", "%{",
    "two\nlines\r\n\tand a tab", "back\\slash", "\\${x}", "项目 测试", "é", "\u200b\u2028\x00\x7f", "#/*", "😀", "",
]  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text(st.sampled_from('$%{}"\\\nan')),
)
SIMPLE = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def google():
    return document(google_items(exports.google_entries(), exports.GOOGLE))


def harbor(part=False):
    return document(harbor_items(exports.harbor_entries(), HARBOR, at=exports.AT, part=part))


def cluster(shared=True):
    return document(kubernetes_items(exports.cluster_entries(), exports.CLUSTER, shared=shared))


def nasty():
    body = [Attribute("a" + "b" * place, one) for place, one in enumerate(NASTY)]
    body += [Attribute("many", NASTY), Attribute("of", {one: [{"x": one}, {}, []] for one in NASTY})]
    body += [Block("inner", (NASTY[0],), tuple(body)), Block("empty")]
    return document([Comment(one) for one in NASTY] + [Block("resource", ("kind", label(*NASTY)), body)])


def read(written):
    """A quoted string of Terraform's language as its specification has it; raises where it holds a template."""
    assert (written[0], written[-1]) == ('"', '"')
    found, rest = [], written[1:-1]
    while rest:
        match = re.match(
            r'\\u(?P<short>[0-9a-fA-F]{4})|\\U(?P<long>[0-9a-fA-F]{8})|\\(?P<simple>[nrt"\\])|(?P<open>[$%]\{)'
            r'|(?P<plain>[^"\\\n])', rest,
        )  # fmt: skip
        assert match, f"not a string: {rest}"
        assert not match["open"], f"a template: {rest}"
        number = match["short"] or match["long"]
        found.append(chr(int(number, 16)) if number else SIMPLE.get(match["simple"], match["plain"]))
        rest = rest[match.end() :]
    return "".join(found)


@settings(max_examples=500)
@given(TEXTS)
def test_any_text_is_read_back_as_it_was(text):
    assert read(quoted(text)) == text


@given(TEXTS)
def test_no_text_leaves_its_line(text):
    lines = document([Comment(text), Block("b", (text,), [Attribute("a", text)])]).splitlines()
    code = [line for line in lines if line and not line.startswith("#")]
    assert code == [f"b {quoted(text)} {{", f"  a = {quoted(text)}", "}"]


def test_half_a_character_is_a_question_mark():
    assert quoted("a\ud800b") == '"a?b"'
    assert document([Comment("a\udfffb\x07")]) == "# a?b\n"


@given(st.lists(TEXTS, min_size=1, max_size=3), st.lists(TEXTS, min_size=1, max_size=3))
def test_labels_are_names_and_no_two_are_one(some, others):
    assert re.fullmatch("[A-Za-z_][A-Za-z0-9_-]*", label(*some))
    assert (label(*some) == label(*others)) == (digest(*some) == digest(*others))


def test_neighbours_are_aligned_and_long_values_are_not():
    body = [
        Attribute("a", 1),
        Attribute("long", True),
        Attribute("m", {"x": None}),
        Attribute("bcd", Raw("a.b")),
    ]
    assert document([Block("b", body=body)]) == (
        'b {\n  a    = 1\n  long = true\n  m = {\n    "x" = null\n  }\n  bcd = a.b\n}\n'
    )


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("export_google.tf", google),
        ("export_harbor.tf", harbor),
        ("export_kubernetes.tf", lambda: cluster(shared=False)),
    ],
)
def test_files_look_as_a_person_has_read_them(name, made):
    assert made() == (GOLDEN / name).read_text("utf-8")


def terraform(*asked, said, **more):
    command = [TERRAFORM, *asked]
    return subprocess.run(command, input=said, text=True, capture_output=True, check=False, **more)  # noqa: S603


@needs_terraform
@pytest.mark.parametrize("made", [google, harbor, cluster, nasty])
def test_terraform_finds_nothing_to_format(made):
    ran = terraform("fmt", "-check", "-diff", "-", said=made())
    assert (ran.returncode, ran.stdout) == (0, "")


@needs_terraform
def test_terraform_itself_reads_every_text_back(tmp_path):
    asked = f"base64encode(jsonencode([{', '.join(map(quoted, NASTY))}]))"
    ran = terraform("console", said=asked, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(base64.b64decode(ran.stdout.strip().strip('"')))
    assert said == [unicodedata.normalize("NFC", one) for one in NASTY]


def test_bindings_only_add_and_are_one_for_each_repository():
    text = google()
    assert "iam_binding" not in text
    assert "iam_policy" not in text
    assert text.count('resource "google_artifact_registry_repository_iam_member"') == 2


def test_memberships_say_when_they_end_where_ends_are_set():
    assert google().count('expire_time = "2026-06-30T22:00:00Z"') == 5
    never = [
        replace(one, attributes=tuple(pair for pair in one.attributes if "until" not in pair[0]))
        for one in exports.google_entries()
    ]
    assert "expiry_detail {" not in document(google_items(never, exports.GOOGLE))


def test_membership_of_a_group_that_was_not_seen_is_left_out_by_name():
    entries = [one for one in exports.google_entries() if one.kind == "member"]
    text = document(google_items(entries, exports.GOOGLE))
    assert "resource" not in text
    assert text.count("# Left out, because purser-") == 3
    assert "person-1 in it" in text


def test_an_account_that_was_seen_is_named():
    entry = Entry("ar", "account", "purser-x", (("project", "x"), ("seen_address", "purser-x-1@p.iam")))
    assert '  default     = "purser-x-1@p.iam"\n' in document(google_items([entry], exports.GOOGLE))


def test_every_import_says_that_its_id_is_not_verified():
    for text in (google(), cluster()):
        assert text.count("# The form of this id is not verified.\nimport {") == text.count("import {") > 0


def test_part_of_a_harbor_says_that_robots_may_hold_more():
    assert document([Comment(PART)]) in harbor(part=True)
    assert document([Comment(PART)]) not in harbor()


def test_tenants_are_documents_that_read_back_without_the_pull_secret():
    text = kubernetes_yaml(exports.cluster_entries(), exports.CLUSTER, shared=True)
    kinds = [one["kind"] for one in yaml.safe_load_all(text)]
    assert (kinds.count("Namespace"), kinds.count("ClusterRole"), "Secret" in kinds) == (2, 3, False)
    alone = kubernetes_yaml(exports.cluster_entries(), exports.CLUSTER, shared=False)
    assert "ClusterRole" not in {one["kind"] for one in yaml.safe_load_all(alone)}


def test_reader_is_told_where_the_pull_secret_comes_from_and_what_is_missing():
    assert document([Comment(PULL_SECRET)]) in cluster()
    assert document([Comment(ALONE)]) in cluster(shared=False)


def test_entries_of_any_kind_are_documents_without_the_look():
    entry = Entry("t", "member", "person:1", (("pull", "b"), ("seen_robot", "x"), ("pull", "a")))
    assert list(yaml.safe_load_all(plain_yaml([entry]))) == [
        {"kind": "member", "key": "person:1", "facts": {"pull": ["a", "b"]}}
    ]
    assert plain_yaml([]) == ""
