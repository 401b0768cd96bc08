"""`manage.py trust_cluster KEY ...`: accept a Kubernetes cluster's service-account tokens as pull credentials."""

import asyncio
import getpass
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.errors import PurserError
from grants.connectors.errors import ConnectorError
from grants.connectors.oidc_keys import read_keys
from grants.tokens.clusters import Trust, distrust_cluster, trust_cluster
from grants.tokens.workloads import usable_keys


class Command(BaseCommand):
    help = "Accept a Kubernetes cluster's service-account tokens as pull credentials, or no longer."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="the cluster's name in logs, such as main")
        parser.add_argument("--issuer", default="", help="`iss` of its tokens")
        parser.add_argument("--audience", default="", help="`aud` that its tokens for Purser have")
        parser.add_argument("--jwks-url", default="", help="where its keys are; else its discovery says")
        parser.add_argument(
            "--jwks-file", type=Path, help="its keys in a file; then they are never read from it"
        )
        parser.add_argument("--ca-file", type=Path, help="PEM of the authority its address is signed by")
        parser.add_argument(
            "--push", action="store_true", help="its workloads may push too, where a grant lets them"
        )
        parser.add_argument("--stop", action="store_true", help="accept its tokens no longer")

    def handle(self, *args: Any, key: str, stop: bool, **options: Any) -> None:
        """Read the keys once to see that it works, then keep the trust. Raises CommandError; then nothing is kept."""
        by, now = operator(getpass.getuser()), timezone.now()
        try:
            if stop:
                distrust_cluster(key=key, by=by, now=now)
                self.stdout.write(f"No token of {key} is accepted any more.")
                return
            trust = _trust(options)
            found = sorted(usable_keys(_keys(trust)))
            trust_cluster(key=key, trust=trust, by=by, now=now)
        except (PurserError, ConnectorError) as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"Tokens of {key} for {trust.audience} are accepted. Keys: {', '.join(found)}")


def _trust(options: dict[str, Any]) -> Trust:
    keys, ca = options["jwks_file"], options["ca_file"]
    try:
        return Trust(
            issuer=options["issuer"],
            audience=options["audience"],
            jwks_url=options["jwks_url"],
            ca=ca.read_text("utf-8") if ca else "",
            jwks=json.loads(keys.read_text("utf-8")) if keys else None,
            push=options["push"],
        )
    except (OSError, ValueError) as error:
        raise CommandError(f"A file cannot be read: {error}") from error


def _keys(trust: Trust) -> object:
    if trust.jwks is not None or not trust.issuer:
        return trust.jwks
    return asyncio.run(read_keys(issuer=trust.issuer, jwks_url=trust.jwks_url, ca=trust.ca))
