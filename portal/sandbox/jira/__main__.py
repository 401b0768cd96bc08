"""`python -m portal.sandbox.jira`: run the stand-in until it is told to stop."""

import argparse
import os
import socket
import sys
from pathlib import Path

import uvicorn

from portal.sandbox.jira.app import App
from portal.sandbox.jira.store import Store


class _Server(uvicorn.Server):
    """Says in one line where it listens, once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so; the last line of a start that failed is uvicorn's own."""
        await super().startup(sockets)
        for server in self.servers if self.started else []:
            host, port = server.sockets[0].getsockname()[:2]
            sys.stdout.write(f"Jira stand-in listening on http://{host}:{port}\n")
            sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m portal.sandbox.jira", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one and names it")
    parser.add_argument("--state", type=Path, required=True, help="JSON file that keeps projects and issues")
    parser.add_argument("--flavour", choices=["cloud", "datacenter"], default="cloud")
    parser.add_argument("--webhook-url", default="", help="empty: no webhooks")
    parser.add_argument(
        "--webhook-secret",
        default=os.environ.get("JIRA_SANDBOX_WEBHOOK_SECRET", ""),
        help="default: $JIRA_SANDBOX_WEBHOOK_SECRET",
    )
    parser.add_argument("--retry-delays", default="0.5,1,2,4,8", help="seconds before each further attempt")
    parser.add_argument("--token", default=os.environ.get("JIRA_SANDBOX_TOKEN", ""), help="empty accepts any")
    return parser.parse_args()


def main() -> None:
    """Read the arguments and serve."""
    given = _arguments()
    app = App(
        Store(given.state),
        flavour=given.flavour,
        webhook_url=given.webhook_url,
        webhook_secret=given.webhook_secret,
        retry_delays=tuple(float(part) for part in given.retry_delays.split(",") if part),
        token=given.token,
    )
    config = uvicorn.Config(
        app,
        host=given.host,
        port=given.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    _Server(config).run()


if __name__ == "__main__":
    main()
