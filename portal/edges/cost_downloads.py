"""Downloads of costs for pages and the API: the same rows, names and record for both."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from audit.costs.exporting import Form, Names, export_costs
from audit.costs.selectors import standing
from audit.costs.types import CostFilters
from audit.ledger.actors import Actor
from grants.directory.models import Person, Project, Team
from grants.directory.standing import Standing
from portal.edges.cost_scopes import cost_scope, named_scope

FORMS: tuple[Form, ...] = ("showback", "focus")


def download(
    *, form: Form, viewer: Standing, filters: CostFilters, by: Actor, now: datetime
) -> tuple[str, Iterator[bytes]]:
    """The file's name and its blocks: what the viewer sees under these filters, people told apart where they may be.

    Raises what `export_costs` raises before the first block; the download is in the ledger by then.
    """
    scope = named_scope(viewer) if filters.persons else cost_scope(viewer)
    blocks = export_costs(
        form=form, scope=scope, filters=filters, standing=standing(scope, filters, now), names=_names(), by=by
    )
    period = filters.period
    return f"purser-{form}-{period.first:%Y%m%d}-{period.days}d.csv", blocks


def _names() -> Names:
    people = Person.objects.values_list("pk", "name")
    return Names(
        teams=dict(Team.objects.values_list("key", "name")),
        projects=dict(Project.objects.values_list("key", "name")),
        persons={f"person:{pk}": name for pk, name in people.iterator()},
        issuer=settings.PRODUCT_NAME,
    )
