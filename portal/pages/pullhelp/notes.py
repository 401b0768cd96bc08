"""What to do about the network and the client, by the symptom in the pasted text."""

from collections.abc import Mapping

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.pages.pullhelp.answers import Answer, bad, unknown

NOTES: Mapping[str, Promise] = {
    "plain_http": gettext_lazy(
        "Your client speaks HTTPS to a registry that speaks plain HTTP. The commands on the grant's page"
        " say how each client is told."
    ),
    "certificate": gettext_lazy(
        "Your client does not trust the registry's certificate. Install your organisation's CA on this machine,"
        " then restart the client."
    ),
    "unreachable": gettext_lazy(
        "Your machine cannot reach the registry: its name, a proxy or a firewall is in the way."
        " Try from another network or ask the platform team."
    ),
    "not_signed_in": gettext_lazy(
        "Your client is not signed in, or with an old token. Sign in again with a new pull token."
    ),
    "denied": gettext_lazy(
        "The registry refused. When everything above is in order, sign in again: the client may hold an old token."
    ),
    "missing": gettext_lazy("The client did not find it. Check the spelling of image and tag."),
    "too_many": gettext_lazy("Too many tries in a short time. Wait a minute and try again."),
}


def network_answer(symptom: str) -> Answer:
    """What the pasted message says about network and client; nothing where it says nothing."""
    name = _("Network and client")
    if symptom in NOTES:
        return bad(name, str(NOTES[symptom]), reverse("grants"), _("See the commands that work"))
    return unknown(
        name, _("Nothing to see from here. Paste the whole error text and this line can say more.")
    )
