"""`python -m portal.sandbox.harbor`: run the stand-in until it is told to stop."""

import argparse
import os

from portal.sandbox.harbor.app import Harbor
from portal.sandbox.harbor.seeding import seed
from portal.sandbox.serving import parser, serve


def _made(given: argparse.Namespace) -> Harbor:
    harbor = Harbor(secret=given.secret)
    if not (given.state and given.state.exists()):
        seed(harbor.state, now=harbor.now)
        harbor.state.configuration["token_expiration"] = given.token_minutes
    return harbor


def main() -> None:
    """Read the arguments and serve; without a kept state it begins with a few images."""
    arguments = parser("Harbor")
    secret = os.environ.get("HARBOR_SANDBOX_SECRET", "Harbor12345")
    arguments.add_argument("--secret", default=secret, help="of `admin`; default: $HARBOR_SANDBOX_SECRET")
    arguments.add_argument("--token-minutes", type=int, default=30, help="how long its tokens work")
    serve(_made, name="Harbor", arguments=arguments)


if __name__ == "__main__":
    main()
