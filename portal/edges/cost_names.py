"""Names for what the costs call by key or label: one query for each kind, whoever is in it. The scope has decided."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from audit.costs.models import GpuType
from audit.costs.types import By
from grants.catalogue.models import Image, Tag
from grants.directory.models import Person, Project, Team

PERSON = "person:"


@dataclass(frozen=True, slots=True)
class CostNames:
    """The names that were found; whatever has none keeps what the costs call it."""

    found: Mapping[By, Mapping[str, str]] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    """The fixed colour of each type of GPU that has one ("0" to "5")."""

    def of(self, by: By, value: str) -> str:
        """What to call one value; what is not attributed says so."""
        if not value:
            return unattributed(by)
        return self.found.get(by, {}).get(value) or value


def unattributed(by: By) -> str:
    """How use is called that nothing ties to one."""
    if by in (By.IMAGE, By.VERSION):
        return _("Unknown image")
    return {By.PERSON: _("Nobody named"), By.PROJECT: _("No project")}.get(by) or _("Unattributed")


def cost_names(values: Mapping[By, Iterable[str]]) -> CostNames:
    """The names of these values by what they are: at most one query for each kind that has any."""
    wanted = {by: {value for value in found if value} for by, found in values.items()}
    readers = {
        By.TEAM: _teams,
        By.PROJECT: _projects,
        By.PERSON: _people,
        By.IMAGE: _images,
        By.VERSION: _versions,
    }
    found = {by: reader(wanted[by]) for by, reader in readers.items() if wanted.get(by)}
    if not wanted.get(By.GPU_TYPE):
        return CostNames(found)
    types = list(GpuType.objects.values_list("key", "label", "colour"))
    found[By.GPU_TYPE] = {key: label for key, label, _colour in types}
    return CostNames(found, {key: str(colour) for key, _label, colour in types if colour < 6})


def _teams(keys: set[str]) -> dict[str, str]:
    return dict(Team.objects.filter(key__in=keys).values_list("key", "name"))


def _projects(keys: set[str]) -> dict[str, str]:
    return dict(Project.objects.filter(key__in=keys).values_list("key", "name"))


def _people(labels: set[str]) -> dict[str, str]:
    numbers = [label.removeprefix(PERSON) for label in labels if label.startswith(PERSON)]
    known = Person.objects.filter(pk__in=[int(one) for one in numbers if one.isascii() and one.isdigit()])
    return {f"{PERSON}{pk}": name for pk, name in known.values_list("pk", "name")}


def _images(references: set[str]) -> dict[str, str]:
    repositories = {reference.partition("/")[2] for reference in references}
    rows = Image.objects.filter(repository__in=repositories).values_list(
        "registry__host", "repository", "title"
    )
    return {f"{host}/{repository}": title for host, repository, title in rows if title}


def _versions(digests: set[str]) -> dict[str, str]:
    rows = Tag.objects.filter(version__digest__in=digests).order_by("-moved_at")
    return {
        digest: f"{name} · {digest[7:19]}" for digest, name in rows.values_list("version__digest", "name")
    }
