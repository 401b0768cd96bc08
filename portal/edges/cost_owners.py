"""Who a budget, a reservation or a restated day belongs to, in names that people know."""

from dataclasses import dataclass, field

from grants.directory.models import Team


@dataclass(frozen=True, slots=True)
class Owners:
    """Names of teams by key, and the cost centres they name."""

    teams: dict[str, str] = field(default_factory=dict)
    centres: tuple[str, ...] = ()

    def name(self, kind: str, owner: str) -> str:
        """The name of a team or cost centre; the key of a team that is gone."""
        return self.teams.get(owner, owner) if kind == "team" else owner

    def team(self, key: str) -> str:
        """The name of a team; its key when it is gone."""
        return self.name("team", key)

    def knows(self, kind: str, owner: str) -> bool:
        """Whether there is such a team or cost centre now."""
        return owner in (self.teams if kind == "team" else self.centres)


def owners() -> Owners:
    """Every team and cost centre, by name; only for whoever sees all costs or names them alone. One query."""
    rows = list(Team.objects.order_by("name").values_list("key", "name", "cost_centre"))
    centres = sorted({centre for _key, _name, centre in rows if centre})
    return Owners({key: name for key, name, _centre in rows}, tuple(centres))
