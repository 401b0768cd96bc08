"""`python -m portal.sandbox.bigquery`: run the stand-in over the demo's use until it is told to stop."""

import argparse

from portal.sandbox.bigquery.app import BigQuery
from portal.sandbox.metering import Meter
from portal.sandbox.organisation.fleet import demo_fleet
from portal.sandbox.serving import parser, serve


def _made(given: argparse.Namespace) -> BigQuery:
    return BigQuery(Meter.of_fleet(demo_fleet(given.registry)))


def main() -> None:
    """Read the arguments and serve."""
    arguments = parser("bigquery")
    arguments.add_argument("--registry", default="localhost:5001", help="the host that images are named with")
    serve(_made, name="BigQuery", arguments=arguments)


if __name__ == "__main__":
    main()
