"""Half a year of GPU use that looks like an organisation's, made from a seed: the same seed, the same use."""

from portal.sandbox.usage.fleet import Cluster, Fleet, Node, Tenant
from portal.sandbox.usage.telling import activity_between, capacity_between, usage_between

__all__ = ["Cluster", "Fleet", "Node", "Tenant", "activity_between", "capacity_between", "usage_between"]
