"""`python -m portal.sandbox.opencost`: run the stand-in over the demo's use until it is told to stop."""

import argparse

from portal.sandbox.metering import Meter
from portal.sandbox.opencost.app import OpenCost
from portal.sandbox.organisation.fleet import demo_fleet
from portal.sandbox.serving import parser, serve


def _made(given: argparse.Namespace) -> OpenCost:
    return OpenCost(Meter.of_fleet(demo_fleet(given.registry)))


def main() -> None:
    """Read the arguments and serve."""
    arguments = parser("opencost")
    arguments.add_argument("--registry", default="localhost:5001", help="the host that images are named with")
    serve(_made, name="OpenCost", arguments=arguments)


if __name__ == "__main__":
    main()
