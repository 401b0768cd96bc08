"""`python -m portal.sandbox.kubernetes`: run the stand-in until it is told to stop."""

import argparse

from portal.sandbox.kubernetes.app import Kubernetes
from portal.sandbox.serving import parser, serve


def _made(given: argparse.Namespace) -> Kubernetes:
    return Kubernetes(extras=tuple(filter(None, given.extras.split(","))))


def main() -> None:
    """Read the arguments and serve."""
    arguments = parser("Kubernetes")
    arguments.add_argument("--extras", default="", help="installed besides: kyverno,kueue,kserve")
    serve(_made, name="Kubernetes", arguments=arguments)


if __name__ == "__main__":
    main()
