"""The whole of Purser's web process on a port, in a thread of the test."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from django.db import connections


@contextmanager
def running_web(sock: socket.socket) -> Iterator[str]:
    """Serve portal.asgi on a bound socket with the test's database; yields its address `host:port`."""
    from portal.asgi import Application  # its start connects to the database of this test

    config = uvicorn.Config(Application(), log_level="warning", lifespan="on", timeout_graceful_shutdown=3)
    server = uvicorn.Server(config)
    kept = connections["default"].settings_dict
    age, kept["CONN_MAX_AGE"] = kept["CONN_MAX_AGE"], 0
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        _wait(server)
        yield "{}:{}".format(*sock.getsockname())
    finally:
        server.should_exit = True
        thread.join(10)
        kept["CONN_MAX_AGE"] = age


def free_socket() -> socket.socket:
    """A bound socket on a free port of this machine."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


def _wait(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + 15
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("the web process did not start")
        time.sleep(0.01)
