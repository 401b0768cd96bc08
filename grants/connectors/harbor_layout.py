"""How grants become entries at a Harbor, which knows rights to whole projects and not to one repository. Pure.

Places and entries:
  member  key `person:<id>`: the person's own robot. `pull`, `push`, `delete`: Harbor projects; `ends`: the latest end.
  robot   key: a project's key: the robot of its workloads, which pulls only; `<project>.<cluster>`: that of its
          workloads in one cluster, whose pull secret holds its secret. The same attributes.
  image   key: repository: its Harbor project tells us of pulls. `project`; `webhook` (`on`); `group` (`name:role`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from grants.connectors.base import IMAGE_PLACE, MEMBER_PLACE, Attributes, Entry, Holding, Place
from grants.connectors.harbor_names import ROBOT, cluster_robot, is_robot_name, moment, project_of, robot_name

PULL, PUSH, DELETE = "pull", "push", "delete"
ACTIONS = {"viewer": (PULL,), "developer": (PULL, PUSH), "admin": (PULL, PUSH, DELETE)}
PROJECT_ADMIN, MAINTAINER, DEVELOPER, GUEST, LIMITED_GUEST = 1, 4, 2, 3, 5
GROUP_ROLES = {"viewer": LIMITED_GUEST, "developer": DEVELOPER, "admin": MAINTAINER}
WEAKEST_FIRST = (LIMITED_GUEST, GUEST, DEVELOPER, MAINTAINER, PROJECT_ADMIN)
Repositories = Callable[[str], Iterable[str]]


def nothing_known(project: str) -> Iterable[str]:
    """For a layout that cannot look into the catalogue."""
    return ()


class HarborLayout:
    """`Layout` of one Harbor.

    `prefix` begins our robots' names. `webhooks`: whether Harbor projects tell us of pulls. `groups`: a template of
    the identity provider's group for a grant (`ml:{team}:{project}:{role}`), empty for none; needs `webhooks`, whose
    policy remembers which groups are ours. `repositories`: a Harbor project's images as the catalogue knows them.
    `clusters`: keys of the clusters whose pull secrets are to cover this Harbor. `whole_projects`: whether a grant that
    would open more images than asked for is only warned of, or refused.
    """

    def __init__(
        self,
        target: str,
        *,
        prefix: str = "purser",
        webhooks: bool = True,
        workloads: bool = True,
        groups: str = "",
        whole_projects: Literal["warn", "refuse"] = "warn",
        repositories: Repositories = nothing_known,
        clusters: Sequence[str] = (),
    ) -> None:
        if groups and not webhooks:
            raise ValueError("groups need webhooks")
        self._target = target
        self._prefix = prefix
        self._webhooks = webhooks
        self._workloads = workloads
        self._groups = groups
        self._refuse = whole_projects == "refuse"
        self._repositories = repositories
        self._clusters = tuple(clusters)

    def places(self, holding: Holding) -> Sequence[Place]:
        """One for each person, each image, and the workloads of the project."""
        people = [Place(MEMBER_PLACE, holder.subject) for holder in holding.holders]
        images = [Place(IMAGE_PLACE, image) for image in holding.images] if self._webhooks else []
        return list(dict.fromkeys(images + people + self._robots(holding)))

    def _robots(self, holding: Holding) -> list[Place]:
        """One for all workloads of the project, and one for each cluster in which it has its namespace."""
        if not self._workloads:
            return []
        clusters = self._clusters if holding.namespace else ()
        keys = [holding.project, *(cluster_robot(holding.project, cluster) for cluster in clusters)]
        return [Place(ROBOT, key) for key in keys]

    def entry(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        """What all these holdings together want at the place."""
        if place.kind == IMAGE_PLACE:
            return self._image(place.key, holdings) if holdings else None
        wanted = [holding for holding in holdings if _projects(holding) and self._has(place, holding)]
        if not wanted:
            return None
        rights = {right for holding in wanted for right in self._rights(place, holding)}
        ends = ("ends", moment(max(holding.ends for holding in wanted)))
        return self._entry(place, (*sorted(rights), ends))

    def _has(self, place: Place, holding: Holding) -> bool:
        return place.kind != ROBOT or place in self._robots(holding)

    def empty(self, place: Place) -> Entry:
        """The place with nothing in it."""
        return self._entry(place, ())

    def lock(self, place: Place) -> str:
        """A robot each; images of one Harbor project share its policy."""
        if place.kind == IMAGE_PLACE:
            return f"project:{project_of(place.key)}"
        return f"robot:{robot_name(self._prefix, place.kind, place.key)}"

    def own_end(self, place: Place) -> Literal["whole", "part", "idle"]:
        """Robots expire; members (groups) never do; a webhook lets nobody in."""
        if place.kind != IMAGE_PLACE:
            return "whole"
        return "part" if self._groups else "idle"

    def problems(self, holding: Holding) -> Sequence[str]:
        """Names Harbor does not accept, and, where that is refused, images that would be opened beside."""
        return [*self._bad_names(holding), *(self.warnings(holding) if self._refuse else ())]

    def warnings(self, holding: Holding) -> Sequence[str]:
        """What this grant opens beyond what it names, a sentence for each Harbor project."""
        return list(self._surplus(holding))

    def _surplus(self, holding: Holding) -> Iterator[str]:
        for project in _projects(holding):
            others = sorted(set(self._repositories(project)) - set(holding.images))
            if others:
                shown = ", ".join(others[:3]) + (", ..." if len(others) > 3 else "")
                count = "1 other image" if len(others) == 1 else f"{len(others)} other images"
                yield f"Harbor gives the whole project {project}: {count} ({shown})."

    def _bad_names(self, holding: Holding) -> Iterator[str]:
        for image in holding.images:
            if not project_of(image):
                yield f"{image} does not name a Harbor project."
        if not all(is_robot_name(robot_name(self._prefix, ROBOT, one.key)) for one in self._robots(holding)):
            yield f"Harbor does not accept a robot named after the project {holding.project}."

    def _rights(self, place: Place, holding: Holding) -> Iterator[tuple[str, str]]:
        # Workloads pull, whatever the people of the grant may do.
        actions = (PULL,) if place.kind == ROBOT else ACTIONS[holding.role]
        for project in _projects(holding):
            for action in actions:
                yield action, project

    def _image(self, repository: str, holdings: Sequence[Holding]) -> Entry:
        groups = {("group", self._group(holding)) for holding in holdings} if self._groups else set()
        known = (("project", project_of(repository)), ("webhook", "on"))
        return self._entry(Place(IMAGE_PLACE, repository), (*known, *sorted(groups)))

    def _group(self, holding: Holding) -> str:
        names = {"team": holding.team, "project": holding.project, "role": holding.role}
        return f"{self._groups.format(**names)}:{GROUP_ROLES[holding.role]}"

    def _entry(self, place: Place, attributes: Attributes) -> Entry:
        return Entry(self._target, place.kind, place.key, attributes)


def _projects(holding: Holding) -> list[str]:
    return sorted({project for image in holding.images if (project := project_of(image))})
