"""What Jira's REST answers say, read strictly; nothing is fetched here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from grants.connectors.errors import Malformed

StatusCategory = Literal["new", "indeterminate", "done", "undefined"]
_CATEGORIES: dict[str, StatusCategory] = {"new": "new", "indeterminate": "indeterminate", "done": "done"}


@dataclass(frozen=True, slots=True)
class IssueFacts:
    """An issue as Jira tells it now. Decide on `status_category`, never on the name; keep `id`: keys move."""

    id: str
    key: str
    summary: str
    status_name: str
    status_category: StatusCategory
    category_changed_at: datetime | None
    project_key: str
    updated: datetime | None


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """A Jira project as it is now."""

    id: str
    key: str
    name: str
    archived: bool


class _Category(BaseModel):
    model_config = ConfigDict(extra="ignore")
    key: str = "undefined"


class _Status(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: str = ""
    category: _Category = Field(default_factory=_Category, alias="statusCategory")


class _Project(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    id: str
    key: str
    name: str = ""
    archived: bool = False
    deleted: bool = False


class _Fields(BaseModel):
    model_config = ConfigDict(extra="ignore")
    summary: str | None = None
    status: _Status
    project: _Project
    updated: AwareDatetime | None = None
    category_changed_at: AwareDatetime | None = Field(default=None, alias="statuscategorychangedate")


class _Issue(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)
    id: str
    key: str
    fields: _Fields


class Page(BaseModel):
    """A page of Cloud's search/jql (a token) or Data Center's search (a total)."""

    model_config = ConfigDict(extra="ignore")
    issues: list[Any]
    total: int = 0
    is_last: bool = Field(default=False, alias="isLast")
    next_page_token: str | None = Field(default=None, alias="nextPageToken")


Document = TypeVar("Document", bound=BaseModel)


def read(kind: type[Document], raw: object) -> Document:
    """Read an answer as one of the documents above. Raises Malformed with a plain sentence."""
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise Malformed(f"Jira's answer cannot be read: {place}: {first['msg']}.") from None


def issue_facts(raw: object) -> IssueFacts:
    """The facts of an issue as REST version 2 or 3 writes it."""
    issue = read(_Issue, raw)
    return IssueFacts(
        id=issue.id,
        key=issue.key,
        summary=issue.fields.summary or "",
        status_name=issue.fields.status.name,
        status_category=_CATEGORIES.get(issue.fields.status.category.key, "undefined"),
        category_changed_at=issue.fields.category_changed_at,
        project_key=issue.fields.project.key,
        updated=issue.fields.updated,
    )


def project_facts(raw: object) -> ProjectFacts:
    """The facts of a project; one in the trash counts as archived."""
    project = read(_Project, raw)
    return ProjectFacts(project.id, project.key, project.name, archived=project.archived or project.deleted)
