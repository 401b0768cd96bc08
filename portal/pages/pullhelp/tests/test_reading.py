"""What clients print, and what is read out of it."""

import pytest

from portal.pages.pullhelp.reading import reference_in, symptom_in

HOSTS = {"registry.lan:5001"}
HEX = "a" * 64


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("registry.lan:5001/vision/train:stable", "registry.lan:5001/vision/train:stable"),
        ("  docker://registry.lan:5001/vision/train:stable ", "registry.lan:5001/vision/train:stable"),
        (f"registry.lan:5001/a/b@sha256:{HEX}", f"registry.lan:5001/a/b@sha256:{HEX}"),
        ("docker pull registry.lan:5001/a/b:1.0", "registry.lan:5001/a/b:1.0"),
        (
            (
                "Error response from daemon: pull access denied for registry.lan:5001/a/b, repository does not"
                " exist or may require 'docker login': denied"
            ),
            "registry.lan:5001/a/b",
        ),
        (
            (
                "Error: initializing source docker://registry.lan:5001/a/b:stable: reading manifest stable in"
                " registry.lan:5001/a/b: unauthorized: authentication required"
            ),
            "registry.lan:5001/a/b:stable",
        ),
        (
            'Failed to pull image "registry.lan:5001/a/b:2.9": rpc error: code = Unknown desc = failed to resolve',
            "registry.lan:5001/a/b:2.9",
        ),
        (
            'Get "https://registry.lan:5001/v2/a/b/manifests/stable": http: server gave HTTP response to HTTPS client',
            "registry.lan:5001/a/b:stable",
        ),
        (
            f"HEAD http://registry.lan:5001/v2/a/b/manifests/sha256:{HEX}: 401",
            f"registry.lan:5001/a/b@sha256:{HEX}",
        ),
        ("拉取镜像“registry.lan:5001/a/b:stable”失败，权限不足", "registry.lan:5001/a/b:stable"),
        ("see /var/log/x and docker.io/library/nginx or registry.lan:5001/a/b", "registry.lan:5001/a/b"),
        ("vision/train:stable", "vision/train:stable"),
    ],
)
def test_reference_is_found_in_what_clients_print(text, reference):
    assert str(reference_in(text, hosts=HOSTS)) == reference


@pytest.mark.parametrize("text", ["", "stable", "it does not work and/or hangs", "Registry/UPPER:x"])
def test_text_without_a_reference_has_none(text):
    assert reference_in(text, hosts=HOSTS) is None


@pytest.mark.parametrize(
    ("text", "symptom"),
    [
        ("http: server gave HTTP response to HTTPS client", "plain_http"),
        ("x509: certificate signed by unknown authority", "certificate"),
        ("dial tcp 10.0.0.1:5001: connect: connection refused", "unreachable"),
        ("no basic auth credentials", "not_signed_in"),
        ("pull access denied for a/b", "denied"),
        ("manifest unknown: manifest unknown", "missing"),
        ("toomanyrequests: slow down", "too_many"),
        ("registry.lan:5001/a/b", ""),
    ],
)
def test_symptom_is_named(text, symptom):
    assert symptom_in(text) == symptom


def test_endless_text_is_read_in_no_time():
    assert reference_in("a/" * 200_000) is None
