"""What a role allows at a registry. Pure."""

from grants.lifecycle.states import Role

PULL, PUSH, DELETE = "pull", "push", "delete"

_ACTIONS = {
    Role.VIEWER: frozenset({PULL}),
    Role.DEVELOPER: frozenset({PULL, PUSH}),
    Role.ADMIN: frozenset({PULL, PUSH, DELETE}),
}


def actions_of(role: str) -> frozenset[str]:
    """The registry actions of a role: viewer pulls, developer pushes too, admin also deletes.

    Raises ValueError for a role nobody defined.
    """
    return _ACTIONS[Role(role)]
