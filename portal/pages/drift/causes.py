"""Who probably undoes what was granted, and what to do about it, in plain words by the code of the cause."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.delivery.models import Drift


@dataclass(frozen=True)
class Said:
    """A likely cause and what to do."""

    cause: str
    remedy: str


_POLICY = _(
    "Probably Terraform: google_artifact_registry_repository_iam_binding or _iam_policy decides about all members, and "
    "removes what it does not know each time it is applied."
)
_MEMBER = _(
    "Use google_artifact_registry_repository_iam_member instead, which only adds. Purser exports its own entries that "
    "way, to import them."
)
_GROUPS = _(
    "Probably Terraform or a directory sync: something that manages google_cloud_identity_group_membership removes "
    "members it does not know."
)
_SYNC = _(
    "Take the groups that Purser makes out of that sync, or import the memberships that Purser exports."
)
_ACCOUNT = _("Probably Terraform or a clean-up job that removes service accounts it does not know.")
_SPARE = _("Leave accounts with Purser's mark out of it, or import those that Purser exports.")
_MANAGER = _("Another field manager, %(name)s, writes the same fields.")
_FIELDS = _("Take the fields that Purser writes out of what %(name)s applies, or have it ignore them.")
_CONTROLLER = _("Probably a controller or a GitOps tool that prunes what is not in its repository.")
_PRUNE = _("Exclude objects with Purser's label from pruning, or add the objects that Purser exports.")
_HARBOR = _("Probably a script or Terraform that manages robots and members of the same Harbor projects.")
_ROBOTS = _("Leave robots and members with Purser's prefix out of it.")
_SOMEBODY = _("Somebody or something undoes it outside Purser.")
_FIND = _("The system's own audit log says who.")

CAUSES: Mapping[str, tuple[Promise, Promise]] = {
    "terraform_policy": (_POLICY, _MEMBER),
    "terraform_group": (_GROUPS, _SYNC),
    "terraform_account": (_ACCOUNT, _SPARE),
    "field_manager": (_MANAGER, _FIELDS),
    "other_controller": (_CONTROLLER, _PRUNE),
    "harbor_automation": (_HARBOR, _ROBOTS),
    "somebody": (_SOMEBODY, _FIND),
}


def cause_of(row: Drift) -> Said | None:
    """The likely cause of a fight; None where there is none."""
    if not row.cause:
        return None
    cause, remedy = CAUSES.get(row.cause, CAUSES["somebody"])
    return Said(_named(cause, row.cause_name), _named(remedy, row.cause_name))


def _named(text: Promise, name: str) -> str:
    return str(text) % {"name": name} if name else str(text)
