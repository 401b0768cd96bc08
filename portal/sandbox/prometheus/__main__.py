"""`python -m portal.sandbox.prometheus`: run the stand-in over the demo's use until it is told to stop."""

import argparse

from portal.sandbox.metering import Meter
from portal.sandbox.organisation.fleet import demo_fleet
from portal.sandbox.prometheus.app import Prometheus
from portal.sandbox.serving import parser, serve


def _made(given: argparse.Namespace) -> Prometheus:
    return Prometheus(Meter.of_fleet(demo_fleet(given.registry)))


def main() -> None:
    """Read the arguments and serve."""
    arguments = parser("prometheus")
    arguments.add_argument("--registry", default="localhost:5001", help="the host that images are named with")
    serve(_made, name="Prometheus", arguments=arguments)


if __name__ == "__main__":
    main()
