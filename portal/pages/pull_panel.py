"""The "How to pull" panel: which client, which image, for whom; the choice of client lasts for the session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from grants.catalogue.models import Image, Registry
from grants.directory.models import Person
from grants.lifecycle.models import Grant, GrantImage
from portal.edges.pull_secrets import GOOGLE, GOOGLE_LOGIN, OWN_SECRETS
from portal.pages.filters import with_parameter
from portal.pages.pulling import CLIENTS, DEFAULT, Commands, Place, commands

SESSION_KEY = "pull_client"


@dataclass(frozen=True)
class Panel:
    """Everything the panel shows for one image.

    `own_secret`: the kind of a registry that takes a secret of its own in place of Purser's pull token, else "".
    `grant`: the access such a secret is shown for, None where that cannot be told.
    """

    place: Place
    commands: Commands
    clients: list[dict[str, Any]]
    client: str
    next: str
    ends: datetime | None = None
    registry: str = ""
    system: str = ""
    own_secret: str = ""
    grant: int | None = None


def client_of(request: HttpRequest) -> str:
    """The client that `?client=` names, which is then remembered, or the one remembered."""
    asked = request.GET.get("client", "")
    if asked in CLIENTS:
        if request.session.get(SESSION_KEY) != asked:
            request.session[SESSION_KEY] = asked
        return asked
    remembered = request.session.get(SESSION_KEY, DEFAULT)
    return remembered if remembered in CLIENTS else DEFAULT


def place_of(image: Image, person: Person, *, tag: str, digest: str) -> Place:
    """Where an image is pulled from, and as whom."""
    registry = image.registry
    login = GOOGLE_LOGIN if registry.kind == GOOGLE else person.user_name
    return Place(registry.host, registry.plain_http, image.repository, tag, digest, login)


def panel_of(
    request: HttpRequest,
    place: Place,
    registry: Registry,
    *,
    ends: datetime | None = None,
    grant: int | None = None,
) -> Panel:
    """The panel for one image, with the pickers as links to this page."""
    client = client_of(request)
    clients = [
        {
            "label": label,
            "url": f"{with_parameter(request, 'client', key)}#how-to-pull",
            "current": key == client,
            "count": None,
        }
        for key, label in CLIENTS.items()
    ]
    return Panel(
        place,
        commands(client, place),
        clients,
        client,
        request.get_full_path(),
        ends,
        registry.key,
        registry.name,
        registry.kind if registry.kind in OWN_SECRETS else "",
        grant,
    )


def usable_images(grant: Grant) -> Sequence[GrantImage]:
    """The images of a grant that were not taken out of it."""
    return [row for row in grant.images.all() if row.removed_at is None]
