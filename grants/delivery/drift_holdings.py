"""Every live holding of a target, read by columns: the same as `holdings.all_holdings`, in a third of its time."""

from collections import defaultdict
from collections.abc import Sequence

from grants.catalogue.models import Cluster
from grants.connectors.base import Holder, Holding
from grants.delivery.holdings import PERSON
from grants.delivery.targets import Target
from grants.directory.models import EmailAddress
from grants.lifecycle.clock import moment
from grants.lifecycle.models import Grant, GrantImage, GrantMember
from grants.lifecycle.selectors import allowing
from grants.lifecycle.states import ALLOWING

_COLUMNS = (
    "pk", "project__key", "project__team__key", "role", "ends", "project__namespace", "project__gpu_quota",
    "project__confidential",
)  # fmt: skip


def every_holding(target: Target, *, project: int | None = None) -> list[Holding]:
    """What `all_holdings` answers, without a model of each row: four queries, tens of thousands of rows a second.

    `project`: only that project's, as `holdings_of_project` answers.
    """
    now = moment(None)
    live = Grant.objects.filter(status__in=ALLOWING, starts__lte=now, ends__gt=now)
    live = live if project is None else live.filter(project_id=project)
    rows = list(live.order_by("pk").values_list(*_COLUMNS))
    keys = [pk for pk, *_rest in rows]
    images, holders = _images(keys, target), _holders(keys)
    return [
        Holding(pk, project, team, str(role), tuple(holders.get(pk, ())), tuple(images[pk]), *rest)
        for pk, project, team, role, *rest in rows
        if pk in images
    ]


def alone(holding: Holding, *holders: Holder) -> Holding:
    """The holding with these holders only; several times as fast as `dataclasses.replace`."""
    one = holding
    return Holding(
        one.grant, one.project, one.team, one.role, holders, one.images, one.ends, one.namespace, one.gpus,
        one.confidential,
    )  # fmt: skip


def _images(grants: Sequence[int], target: Target) -> dict[int, list[str]]:
    lines = GrantImage.objects.filter(allowing(), removed_at=None, grant_id__in=grants)
    whole = isinstance(target, Cluster)
    if not whole:
        lines = lines.filter(image__registry=target.pk)
    found: dict[int, list[str]] = defaultdict(list)
    columns = ("grant_id", "image__repository", "image__registry__host")
    for grant, repository, host in lines.order_by("image__repository").values_list(*columns):
        found[grant].append(f"{host}/{repository}" if whole else repository)
    return found


def _holders(grants: Sequence[int]) -> dict[int, list[Holder]]:
    members = GrantMember.objects.filter(removed_at=None, person__active=True, grant_id__in=grants)
    pairs = list(members.order_by("person_id").values_list("grant_id", "person_id"))
    verified = EmailAddress.objects.filter(verified=True, person_id__in={person for _, person in pairs})
    # Whichever comes last stays: the primary one, else the oldest.
    addresses = dict(verified.order_by("primary", "-pk").values_list("person_id", "address"))
    known: dict[int, Holder] = {}
    found: dict[int, list[Holder]] = defaultdict(list)
    for grant, person in pairs:
        if person not in known:
            known[person] = Holder(f"{PERSON}{person}", addresses.get(person, ""))
        found[grant].append(known[person])
    return found
