"""Makes what asks a source, of its kind and options. Google's libraries are loaded by those who ask Google only."""

from collections.abc import Callable, Mapping
from typing import Any

from audit.costs.sources.errors import Permanent
from audit.costs.sources.opencost_pull import OpenCostPuller
from audit.costs.sources.options import GoogleOptions, OpenCostOptions, PrometheusOptions, read_options
from audit.costs.sources.prometheus import PrometheusPuller
from audit.costs.sources.steps import Puller

Secrets = Callable[[str], str]
"""Gives what a reference (`env:NAME`, `file:/path`) refers to; raises Permanent when it is not there."""


def puller_of(kind: str, options: Mapping[str, Any], secret: Secrets) -> Puller:
    """What asks a source. Raises Permanent for a kind nobody asks, CostError `bad_options`."""
    read = read_options(kind, dict(options))
    match read:
        case OpenCostOptions():
            return OpenCostPuller(read, token=secret(read.token), password=secret(read.password))
        case PrometheusOptions():
            return PrometheusPuller(read, token=secret(read.token), password=secret(read.password))
        case GoogleOptions():
            from audit.costs.sources.bigquery import BigQueryPuller  # noqa: PLC0415

            return BigQueryPuller(read, key=secret(read.credentials_key_json))
    raise Permanent("Files are brought to this source; nothing is asked.")
