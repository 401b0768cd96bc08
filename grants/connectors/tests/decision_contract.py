"""The contract every connector keeps: one suite, run against each connector and its real or stand-in target.

Use it by subclassing in a test module and giving a `bench` fixture:

    @pytest.mark.enable_loopback
    class TestHarbor(ConnectorContract):
        @pytest.fixture
        def bench(self, harbor) -> HarborBench: ...
"""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

import pytest

from grants.connectors.base import Change, Connector, Entry, Probes, Scope
from grants.connectors.errors import ConnectorError, Transient, UnknownOutcome

SECRET = "contract-suite-secret"  # a bench puts it where its credentials go
SHORT = 0.5  # seconds: the timeout a bench gives `connector_at`


class Bench(Protocol):
    """One connector with a target to try it on."""

    connector: Connector
    entry: Entry
    """An entry that is not in force yet."""
    foreign: Sequence[Entry]
    """Entries at the target that are not ours to remove."""

    applies_by_decision: bool
    """Applying needs nothing from the target (our own decision is the access), so it cannot hang."""

    def permit(self) -> None:
        """Let the world outside the connector agree to the entry (a live grant, an existing person)."""

    def forbid(self) -> None:
        """Let it agree no more, with every token and cache of before run out."""

    def connector_at(self, url: str) -> Connector:
        """The same kind of connector at another address, with SECRET for a credential and SHORT timeouts."""


@contextmanager
def silent_server() -> Iterator[str]:
    """An address that accepts connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def closed_port() -> str:
    """An address nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


class ConnectorContract:
    """Subclass it and provide `bench`."""

    def test_it_is_a_connector(self, bench: Bench) -> None:
        assert isinstance(bench.connector, Connector)

    def test_apply_makes_the_entry_observable_and_usable(self, bench: Bench) -> None:
        bench.permit()
        outcome = bench.connector.apply(Change("apply", bench.entry))
        assert outcome.proven
        assert _in_force(bench)
        assert _probe(bench) in (None, True)

    def test_apply_twice_is_success_and_changes_nothing(self, bench: Bench) -> None:
        bench.permit()
        bench.connector.apply(Change("apply", bench.entry))
        again = bench.connector.apply(Change("apply", bench.entry))
        assert (again.changed, again.proven) == (False, True)

    def test_remove_ends_the_entry_and_proves_it(self, bench: Bench) -> None:
        bench.permit()
        bench.connector.apply(Change("apply", bench.entry))
        bench.forbid()
        outcome = bench.connector.remove(Change("remove", bench.entry))
        assert outcome.proven
        assert not _in_force(bench)
        assert _probe(bench) in (None, False)

    def test_remove_twice_is_success_and_changes_nothing(self, bench: Bench) -> None:
        bench.permit()
        bench.connector.apply(Change("apply", bench.entry))
        bench.forbid()
        bench.connector.remove(Change("remove", bench.entry))
        again = bench.connector.remove(Change("remove", bench.entry))
        assert (again.changed, again.proven) == (False, True)

    def test_remove_of_an_entry_never_applied_is_success(self, bench: Bench) -> None:
        bench.forbid()
        outcome = bench.connector.remove(Change("remove", bench.entry))
        assert (outcome.changed, outcome.proven) == (False, True)

    def test_apply_again_after_remove_works(self, bench: Bench) -> None:
        bench.permit()
        bench.connector.apply(Change("apply", bench.entry))
        bench.forbid()
        bench.connector.remove(Change("remove", bench.entry))
        bench.permit()
        assert bench.connector.apply(Change("apply", bench.entry)).proven
        assert _in_force(bench)

    def test_foreign_entries_are_untouched(self, bench: Bench) -> None:
        scope = Scope(bench.entry.target, tuple(bench.foreign))
        before = {entry.identity for entry in bench.connector.observe(scope)}
        bench.permit()
        bench.connector.apply(Change("apply", bench.entry))
        bench.forbid()
        bench.connector.remove(Change("remove", bench.entry))
        after = {entry.identity for entry in bench.connector.observe(scope)}
        assert before == {entry.identity for entry in bench.foreign} == after

    def test_an_unreachable_target_is_transient(self, bench: Bench) -> None:
        bench.permit()
        connector = bench.connector_at(closed_port())
        with pytest.raises(Transient) as caught:
            connector.observe(Scope(bench.entry.target))
        _is_plain(caught.value)

    def test_a_silent_target_is_given_up_in_time_when_applying(self, bench: Bench) -> None:
        if bench.applies_by_decision:
            pytest.skip("applied by decision alone")
        bench.permit()
        _is_given_up_in_time(bench, "apply")

    def test_a_silent_target_is_given_up_in_time_when_removing(self, bench: Bench) -> None:
        bench.forbid()
        _is_given_up_in_time(bench, "remove")


def _is_given_up_in_time(bench: Bench, action: Literal["apply", "remove"]) -> None:
    with silent_server() as url:
        connector = bench.connector_at(url)
        started = time.monotonic()
        with pytest.raises((Transient, UnknownOutcome)) as caught:
            getattr(connector, action)(Change(action, bench.entry))
        assert time.monotonic() - started < 10 * SHORT
    _is_plain(caught.value)


def _in_force(bench: Bench) -> bool:
    found = bench.connector.observe(Scope(bench.entry.target, (bench.entry,)))
    return bench.entry.identity in {entry.identity for entry in found}


def _probe(bench: Bench) -> bool | None:
    if not isinstance(bench.connector, Probes):
        return None
    return bench.connector.probe(bench.entry).allowed


def _is_plain(error: ConnectorError) -> None:
    """One short sentence that may be stored and shown: no secret, no header, no line break."""
    assert SECRET not in str(error)
    assert "\n" not in str(error)
    assert 0 < len(str(error)) < 300
    assert error.__cause__ is None
