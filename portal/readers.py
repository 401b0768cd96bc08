"""Who reads a registry of each kind into the catalogue, where its secrets stand in its options."""

from grants.catalogue.readers import register_reader
from portal.targets import google_reader
from portal.webhooks.harbor_scans import harbor_reader


def register() -> None:
    """Say who reads Harbor and Google. Distribution registries are read with tokens of our own."""
    register_reader("harbor", harbor_reader)
    register_reader("google", google_reader)
