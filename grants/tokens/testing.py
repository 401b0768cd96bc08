"""A cluster for tests: real keys, real tokens."""

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from grants.catalogue.models import Cluster

ISSUER, AUDIENCE = "https://kubernetes.default.svc.cluster.local", "purser"


class FakeCluster:
    """Signs service-account tokens as an API server does. `kind`: "ES256" or "RS256"."""

    def __init__(self, kind: str = "ES256", *, kid: str = "k1", issuer: str = ISSUER) -> None:
        self.kind, self.issuer, self.audience = kind, issuer, AUDIENCE
        self.keys: dict[str, Any] = {}
        self.new_key(kid)

    def new_key(self, kid: str) -> None:
        """Sign with a new key from now on; the old ones stay public."""
        self.kid = kid
        if self.kind == "ES256":
            self.keys[kid] = ec.generate_private_key(ec.SECP256R1())
        else:
            self.keys[kid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def key(self) -> Any:
        """The private key that signs now."""
        return self.keys[self.kid]

    @property
    def jwks(self) -> dict[str, Any]:
        """The public keys as the cluster serves them."""
        algorithm = jwt.get_algorithm_by_name(self.kind)
        return {
            "keys": [
                {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", "alg": self.kind}
                for kid, key in self.keys.items()
            ]
        }

    def claims(self, namespace: str = "fraud", account: str = "trainer", **changes: Any) -> dict[str, Any]:
        """What a projected token says; a change to None leaves the claim out."""
        moment = int(time.time())
        body = {
            "iss": self.issuer,
            "aud": [self.audience],
            "sub": f"system:serviceaccount:{namespace}:{account}",
            "exp": moment + 600,
            "iat": moment,
            "nbf": moment,
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": account, "uid": "u-1"}},
        } | changes
        return {name: value for name, value in body.items() if value is not None}

    def token(self, namespace: str = "fraud", account: str = "trainer", **changes: Any) -> str:
        """A token of a service account, signed."""
        return self.signed(self.claims(namespace, account, **changes))

    def signed(self, claims: dict[str, Any], **headers: Any) -> str:
        """These claims under the key that signs now."""
        return jwt.encode(claims, self.key, algorithm=self.kind, headers={"kid": self.kid} | headers)


def make_cluster(fake: FakeCluster, *, key: str = "main", **options: Any) -> Cluster:
    """The cluster as Purser knows it; `options` say where its keys are."""
    return Cluster.objects.create(
        key=key, name=key, issuer=fake.issuer, audience=fake.audience, options=options
    )
