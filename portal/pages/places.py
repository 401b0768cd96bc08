"""The words for kinds of targets and for what lies there."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TARGET_KINDS: Mapping[str, Promise] = {
    "distribution": _("Docker registry"),
    "harbor": _("Harbor"),
    "google": _("Google Artifact Registry"),
    "kubernetes": _("Kubernetes cluster"),
}
PLACE_KINDS: Mapping[str, Promise] = {
    "member": _("Person"),
    "image": _("Image"),
    "group": _("Group"),
    "account": _("Service account"),
    "robot": _("Robot"),
    "tenant": _("Namespace"),
    "key": _("Decryption key"),
}
