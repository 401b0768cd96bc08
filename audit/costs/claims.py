"""Who speaks for a cluster: one source for each kind of facts, because two would count every GPU twice."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs.errors import CostConflict
from audit.costs.models import ClusterClaim, Source
from audit.costs.records import Facts


def claim(source: Source, wanted: Iterable[tuple[str, Facts]]) -> None:
    """Let the source speak for these clusters; the first one that does keeps it.

    Part of the change that brings the facts. Raises CostConflict `claimed`, naming the other sources.
    """
    pairs = sorted((cluster, facts.value) for cluster, facts in wanted)
    if not pairs:
        return
    rows = [ClusterClaim(cluster=cluster, facts=facts, source=source) for cluster, facts in pairs]
    known = ClusterClaim.objects.filter(cluster__in={cluster for cluster, _facts in pairs})
    if {(one.cluster, one.facts) for one in known.filter(source=source)} >= set(pairs):
        return
    ClusterClaim.objects.bulk_create(rows, ignore_conflicts=True)
    others = known.exclude(source=source).select_related("source").order_by("cluster", "facts")
    taken = [one for one in others if (one.cluster, one.facts) in set(pairs)]
    if taken:
        raise CostConflict(
            "claimed",
            gettext_lazy("Another source already reports this: it would be counted twice."),
            {"faults": [_said(one) for one in taken]},
        )


def _said(one: ClusterClaim) -> str:
    words = {"cluster": one.cluster, "facts": one.facts, "source": one.source.name}
    return _("%(cluster)s: %(source)s reports its %(facts)s.") % words
