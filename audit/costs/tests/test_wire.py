"""One HTTP call of a source: which addresses are asked, and how answers become kinds of errors."""

import http.server
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from audit.costs.sources import wire
from audit.costs.sources.errors import Malformed, Permanent, Refused, Transient
from audit.costs.sources.wire import (
    Wire,
    checked_address,
    error_for_status,
    resolve_checked,
    retry_after_seconds,
)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://host/x", "file:///etc/passwd", "http://", "https://user:pw@host", "http://169.254.169.254/latest",
        "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/", "http://metadata.google.internal/", "http://0.0.0.0/",
        "http://224.0.0.1/", "http://host/?token=x", "http://host/#x",
    ],
)  # fmt: skip
def test_unsafe_address_is_refused_without_being_repeated(address):
    with pytest.raises(Permanent) as caught:
        checked_address(address, what="OpenCost")
    assert "OpenCost" in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://opencost.opencost.svc:9003", "https://10.0.0.8/prom/", "http://127.0.0.1:1"]
)
def test_inside_address_is_meant(address):
    assert checked_address(address, what="x").host


def test_secret_goes_over_tls_or_stays_on_this_machine():
    with pytest.raises(Permanent, match="https only"):
        checked_address("http://prometheus.example.com", what="Prometheus", secret=True)
    assert checked_address("http://127.0.0.1:9", what="x", secret=True)
    assert checked_address("https://prometheus.example.com", what="x", secret=True)


def test_name_that_means_the_metadata_service_is_refused(monkeypatch):
    def found(*_args, **_kwargs):
        return [(2, 1, 6, "", ("10.0.0.1", 80)), (2, 1, 6, "", ("169.254.169.254", 80))]

    monkeypatch.setattr(wire.socket, "getaddrinfo", found)
    with pytest.raises(Permanent, match="not safe"):
        resolve_checked(checked_address("http://innocent.example.com", what="OpenCost"), what="OpenCost")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, Refused), (403, Refused), (404, Permanent), (302, Permanent), (400, Permanent), (429, Transient),
     (500, Transient), (503, Transient)],
)  # fmt: skip
def test_status_decides_what_to_do_next(status, kind):
    assert type(error_for_status(status, what="OpenCost", headers={})) is kind


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), ("999999999", 21600), ("Mon, 02 Mar 2026 08:01:00 GMT", 60), ("soon", None), ("-5", None),
     (None, None)],
)  # fmt: skip
def test_retry_after_is_read_and_bounded(header, seconds):
    assert retry_after_seconds(header, now=datetime(2026, 3, 2, 8, tzinfo=UTC)) == seconds


@contextmanager
def answering(body, *, status=200, headers=None):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.seen.append((self.path, self.headers.get("Authorization")))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/prom", server
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.enable_loopback
def test_call_carries_its_secret_below_the_base_address():
    with answering(b'{"data": [1.10]}') as (base, server):
        told = Wire(base, what="Prometheus", token="s3cret")
        assert str(told.get("api/v1/query", {"query": "up"})["data"][0]) == "1.10"
        told.close()
    assert server.seen == [("/prom/api/v1/query?query=up", "Bearer s3cret")]


@pytest.mark.enable_loopback
@pytest.mark.parametrize(
    ("body", "status", "headers", "error"),
    [
        (b"<html>", 200, {}, Malformed),
        (b"[" * 5000 + b"]" * 5000, 200, {}, Malformed),
        (b"x" * 200, 200, {}, Malformed),
        (b"{}", 200, {"Content-Encoding": "gzip"}, Malformed),
        (b"", 302, {"Location": "http://169.254.169.254/"}, Permanent),
    ],
)
def test_answer_that_cannot_be_used_is_an_error_and_redirects_are_not_followed(
    monkeypatch, body, status, headers, error
):
    monkeypatch.setattr(wire, "MOST_BYTES", 15_000 if b"[" in body else 100)
    with answering(body, status=status, headers=headers) as (base, server):
        asked = Wire(base, what="OpenCost")
        with pytest.raises(error):
            asked.get("x", {})
        asked.close()
    assert len(server.seen) == 1


@pytest.mark.enable_loopback
def test_source_that_is_not_there_is_transient():
    asked = Wire("http://127.0.0.1:9", what="OpenCost", timeout=1)
    with pytest.raises(Transient, match="could not be reached"):
        asked.get("x", {})
    asked.close()


def test_ca_file_that_is_not_there_is_named():
    with pytest.raises(Permanent, match="CA file of OpenCost"):
        Wire("https://oc.test", what="OpenCost", ca_file="/nowhere/ca.pem")
