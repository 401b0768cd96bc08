"""Changes of the directory, gathered. Callers have checked that the actor is an administrator.

Two exceptions: `apply_claims` speaks for the identity provider, `set_language` is everybody's own.
"""

from grants.directory.importing import import_directory
from grants.directory.people import disable_person, enable_person, release_identities, set_language
from grants.directory.projects import change_project
from grants.directory.sign_in import apply_claims

__all__ = [
    "apply_claims",
    "change_project",
    "disable_person",
    "enable_person",
    "import_directory",
    "release_identities",
    "set_language",
]
