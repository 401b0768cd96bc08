"""The registry client: real answers from a real registry, hostile ones from a scripted transport."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from grants.connectors.errors import (
    Conflict,
    ConnectorError,
    Malformed,
    NotFound,
    Permanent,
    Refused,
    Transient,
    UnknownOutcome,
)
from grants.connectors.http_rules import retry_after_seconds
from grants.connectors.manifests import OCI_INDEX, OCI_MANIFEST, digest_of
from grants.connectors.registry import RegistryClient
from grants.connectors.tests.real_registry import RealRegistry, push_small_image, running_registry

Handler = Callable[[httpx.Request], httpx.Response]
CONFIG = json.dumps({"architecture": "amd64", "config": {"Labels": None}}).encode()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


def scripted(handler: Handler, *, base: str = "http://registry.test:5001") -> RegistryClient:
    """A client whose wire is a function."""
    client = RegistryClient(base, token_for=lambda scopes: "the-token", timeout=1)
    client._wire._http = httpx.Client(transport=httpx.MockTransport(handler))
    return client


def reply(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> httpx.Response:
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def answering(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> RegistryClient:
    return scripted(lambda request: reply(status, headers, body))


@pytest.mark.enable_loopback
def test_a_real_registry_is_read(registry: RealRegistry) -> None:
    asked: list[list[str]] = []

    def token_for(scopes: list[str]) -> str:
        asked.append(scopes)
        return registry.token_for(scopes)

    digest = push_small_image(registry, "fraud/scorer")
    push_small_image(registry, "fraud/scorer", tag="1.0")
    with RegistryClient(registry.url, token_for=token_for) as client:
        client.ping()
        assert client.repositories() == ["fraud/scorer"]
        assert client.tags("fraud/scorer") == ["1.0", "stable"]
        assert client.head_manifest("fraud/scorer", "stable") == digest
        manifest = client.manifest("fraud/scorer", digest)
        assert (manifest.digest, manifest.labels) == (digest, (("team", "fraud"),))
        with pytest.raises(NotFound) as caught:
            client.manifest("fraud/scorer", "absent")
        assert caught.value.code == "MANIFEST_UNKNOWN"
    assert asked[:3] == [[], ["registry:catalog:*"], ["repository:fraud/scorer:pull"]]


@pytest.mark.enable_loopback
def test_a_deleted_manifest_is_gone_and_may_be_deleted_again(registry: RealRegistry) -> None:
    digest = push_small_image(registry, "fraud/old")
    with RegistryClient(registry.url, token_for=registry.token_for) as client:
        client.delete_manifest("fraud/old", digest)
        client.delete_manifest("fraud/old", digest)
        with pytest.raises(NotFound):
            client.head_manifest("fraud/old", "stable")
        with pytest.raises(Permanent, match="not by a tag"):
            client.delete_manifest("fraud/old", "stable")


@pytest.mark.enable_loopback
def test_a_real_refusal_is_refused(registry: RealRegistry) -> None:
    push_small_image(registry, "fraud/scorer")
    with RegistryClient(registry.url, token_for=lambda _: registry.token_for([])) as client:
        client.ping()
        with pytest.raises(Refused):
            client.manifest("fraud/scorer", "stable")
        with pytest.raises(Refused):
            client.repositories()


def test_lists_are_followed_to_their_end() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if "last" in request.url.params:
            return reply(200, body=b'{"repositories": ["c"]}')
        link = '</v2/_catalog?last=b&n=1000>; rel="next"'
        return reply(200, {"Link": link}, b'{"repositories": ["a", "b"]}')

    assert scripted(handler).repositories() == ["a", "b", "c"]


def test_a_list_that_continues_elsewhere_is_malformed() -> None:
    body = b'{"repositories": []}'
    with pytest.raises(Malformed, match="another host"):
        answering(200, {"Link": '<http://evil.test/v2/_catalog>; rel="next"'}, body).repositories()


def test_an_emptied_repository_has_no_tags() -> None:
    assert answering(200, {}, b'{"name": "a", "tags": null}').tags("a") == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Permanent),
        (401, Refused),
        (403, Refused),
        (404, NotFound),
        (405, Permanent),
        (409, Conflict),
        (412, Conflict),
        (429, Transient),
        (500, Transient),
        (503, Transient),
        (301, Permanent),
    ],
)
def test_a_status_becomes_a_kind(status: int, kind: type[ConnectorError]) -> None:
    with pytest.raises(ConnectorError) as caught:
        answering(status, {"Location": "/v2/"}).head_manifest("a", "b")
    assert type(caught.value) is kind
    assert "the-token" not in str(caught.value)


@pytest.mark.parametrize(("status", "kind"), [(500, UnknownOutcome), (504, UnknownOutcome), (503, Transient)])
def test_a_failed_change_may_have_an_unknown_outcome(status: int, kind: type[ConnectorError]) -> None:
    with pytest.raises(ConnectorError) as caught:
        answering(status).delete_manifest("a", "sha256:" + "0" * 64)
    assert type(caught.value) is kind


def test_a_change_that_broke_off_has_an_unknown_outcome() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("the-token", request=request)

    with pytest.raises(UnknownOutcome) as caught:
        scripted(handler).delete_manifest("a", "sha256:" + "0" * 64)
    assert "the-token" not in str(caught.value)
    with pytest.raises(Transient):
        scripted(handler).ping()


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    with pytest.raises(Transient) as caught:
        answering(429, {"Retry-After": "7"}).ping()
    assert caught.value.retry_after == 7.0
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after_seconds("99999999") == 24 * 3600
    assert retry_after_seconds("soon") is None
    assert retry_after_seconds(None) is None


def image_with_config_at(location: str) -> Handler:
    """A registry whose config blob lies behind a redirect."""
    descriptor = {"digest": digest_of(CONFIG), "size": len(CONFIG)}
    document = json.dumps({"schemaVersion": 2, "config": descriptor, "layers": []}).encode()

    def handler(request: httpx.Request) -> httpx.Response:
        if "/manifests/" in request.url.path:
            return reply(200, {"Content-Type": OCI_MANIFEST}, document)
        if "/blobs/" in request.url.path:
            return reply(307, {"Location": location})
        sent = "Authorization" in request.headers
        kept_at_home = sent == str(request.url).startswith("http://registry.test:5001/")
        return reply(200 if kept_at_home else 500, body=CONFIG)

    return handler


@pytest.mark.parametrize(
    "location", ["http://storage.test/c", "http://registry.test/c", "https://registry.test:5001/c", "/c"]
)
def test_a_redirected_blob_is_read_without_the_token_leaving_its_origin(location: str) -> None:
    assert scripted(image_with_config_at(location)).manifest("a", "b").architectures == ("amd64",)


@pytest.mark.parametrize(("location", "words"), [("file:///etc/passwd", "not safe"), ("", "without saying")])
def test_an_unsafe_redirect_is_not_followed(location: str, words: str) -> None:
    with pytest.raises(Permanent, match=words):
        scripted(image_with_config_at(location)).manifest("a", "b")


def test_a_redirect_from_https_to_http_is_not_followed() -> None:
    client = scripted(image_with_config_at("http://registry.test/c"), base="https://registry.test")
    with pytest.raises(Permanent, match="not safe"):
        client.manifest("a", "b")


def test_a_redirect_loop_ends() -> None:
    with pytest.raises(Permanent, match="redirects"):
        scripted(image_with_config_at("/v2/a/blobs/again")).manifest("a", "b")


def test_other_bytes_than_promised_are_malformed() -> None:
    headers = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": "sha256:" + "1" * 64}
    with pytest.raises(Malformed, match="promised"):
        answering(200, headers, b"{}").manifest("a", "b")


def test_an_endless_answer_is_cut_off() -> None:
    with pytest.raises(Malformed, match="more than"):
        answering(200, {}, b" " * (4 * 1024 * 1024 + 1)).repositories()


def test_a_trickling_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 4))
    monkeypatch.setattr("grants.connectors.registry_wire.monotonic", lambda: next(clock))

    def trickle() -> Iterator[bytes]:
        while True:
            yield b" "

    client = scripted(lambda request: httpx.Response(200, content=trickle()))
    with pytest.raises(Transient, match="too slowly"):
        client.repositories()


def test_a_compressed_answer_is_not_unpacked() -> None:
    with pytest.raises(Malformed, match="compressed"):
        answering(200, {"Content-Encoding": "gzip"}, b"x").repositories()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"schemaVersion": 1}', b"[" * 5000])
@pytest.mark.parametrize("kind", [OCI_MANIFEST, OCI_INDEX, "text/html"])
def test_a_broken_manifest_is_malformed(kind: str, body: bytes) -> None:
    with pytest.raises(Malformed):
        answering(200, {"Content-Type": kind}, body).manifest("a", "b")


@pytest.mark.parametrize("name", ["", "../x", "a//b", "A", "a/", "a?b", "a" * 256, "a\n"])
def test_a_name_that_is_no_repository_is_never_sent(name: str) -> None:
    with pytest.raises(Permanent, match="not a repository name"):
        answering(200).tags(name)


@pytest.mark.parametrize("reference", ["", "../x", "-x", "sha256:abc", "a" * 129, "a\n"])
def test_a_reference_that_is_neither_tag_nor_digest_is_never_sent(reference: str) -> None:
    with pytest.raises(Permanent, match="neither a tag nor a digest"):
        answering(200).head_manifest("a", reference)
