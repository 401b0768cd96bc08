"""What a sign-in changes: finds or makes the person behind an identity and follows the provider's groups.

Who is who: (issuer, subject) first; else a verified address that one person owns. A user name alone never links:
OpenID Connect Core 5.7 says it may be given to somebody else. Where the directory knows somebody who may be the
same human being but proof is missing, the sign-in is refused, because a second person for one human being could
decide on their own request.
"""

import logging
import re
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import system
from audit.ledger.services import audited, record
from grants.directory.errors import SignInRefused
from grants.directory.folding import fold_address
from grants.directory.groups import places_of, read_group_map
from grants.directory.leaving import Leaving, must_wait
from grants.directory.locking import lock_directory
from grants.directory.models import EmailAddress, Identity, Person, Team
from grants.directory.places import known_places, leaving_of, plan_places, write_places
from grants.directory.roles import ADMINISTRATOR, Source
from grants.directory.types import Claims, Places

SIGN_IN = system("sign-in")

logger = logging.getLogger(__name__)


def apply_claims(*, issuer: str, subject: str, claims: Claims, now: datetime) -> Person:
    """The person who signs in, with name, address, teams and roles as the provider says now.

    Replaces only places that came from claims. Records only what changed, as the system's sign-in. Raises
    SignInRefused for a disabled person and where it is not certain who somebody is (see its codes).
    """
    with audited(by=SIGN_IN):
        lock_directory()
        person = _by_identity(issuer, subject) or _newcomer(issuer, subject, claims, now)
        if not person.active:
            raise SignInRefused("person_disabled", _("This account is disabled."), {"person": person.pk})
        _follow_name(person, claims)
        _follow_address(person, claims)
        _follow_groups(person, claims, now)
    return person


def _by_identity(issuer: str, subject: str) -> Person | None:
    found = Person.objects.select_for_update(no_key=True, of=("self",))
    return found.filter(identities__issuer=issuer, identities__subject=subject).first()


def _newcomer(issuer: str, subject: str, claims: Claims, now: datetime) -> Person:
    person = _by_address(claims)
    if person is None:
        _refuse_if_doubtful(issuer, claims)
        person = _create(claims, subject, now)
    elif person.identities.filter(issuer=issuer).exists():
        # The address may have been given to somebody else, who must not inherit what its last owner may do.
        raise SignInRefused(
            "identity_conflict",
            _("Another sign-in already stands for your address. An administrator can release it."),
            {"person": person.pk},
        )
    Identity.objects.create(person=person, issuer=issuer, subject=subject)
    detail = {"issuer": issuer, "subject": subject}
    record("grants.identity.linked", subject=person.label, person=person.label, detail=detail)
    return person


def _by_address(claims: Claims) -> Person | None:
    if not (claims.address and claims.address_verified):
        return None
    owners = Person.objects.select_for_update(no_key=True, of=("self",))
    return owners.filter(addresses__address=claims.address, addresses__verified=True).first()


def _refuse_if_doubtful(issuer: str, claims: Claims) -> None:
    if claims.address and EmailAddress.objects.filter(address=claims.address).exists():
        message = _("Your address is known here, but the sign-in service does not say that it was verified.")
        raise SignInRefused("address_not_verified", message, {"address": claims.address})
    namesake = Person.objects.filter(user_name=claims.user_name).exclude(identities__issuer=issuer).first()
    if claims.user_name and namesake:
        message = _("Your user name is known here with another address. An administrator can correct it.")
        raise SignInRefused("user_name_taken", message, {"person": namesake.pk})


def _create(claims: Claims, subject: str, now: datetime) -> Person:
    wanted = claims.user_name or claims.address.partition("@")[0] or re.sub(r"[^\w.-]", "", subject).lower()
    user_name = free_user_name(wanted or "person")
    person = Person.objects.create(user_name=user_name, name=claims.name or user_name, created_at=now)
    detail = {"user_name": user_name, "name": person.name, "source": Source.CLAIMS.value}
    record("grants.person.created", subject=person.label, person=person.label, detail=detail)
    return person


def free_user_name(wanted: str) -> str:
    """The wanted user name, with a number behind it where it is taken."""
    taken = set(Person.objects.filter(user_name__startswith=wanted[:140]).values_list("user_name", flat=True))
    names = (wanted[:140] if n == 1 else f"{wanted[:140]}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _follow_name(person: Person, claims: Claims) -> None:
    if not claims.name or claims.name == person.name:
        return
    detail = {"changed": {"name": [person.name, claims.name]}}
    person.name = claims.name
    person.save(update_fields=["name", "folded_name"])
    record("grants.person.changed", subject=person.label, person=person.label, detail=detail)


def _follow_address(person: Person, claims: Claims) -> None:
    if not (claims.address and claims.address_verified):
        return
    owned = EmailAddress.objects.filter(address=claims.address).first()
    if owned and (owned.person_id != person.pk or owned.primary):
        if owned.person_id != person.pk:
            logger.warning("the address of %s belongs to person:%s", person.label, owned.person_id)
        return
    make_primary(person, claims.address)
    detail = {"address": claims.address, "source": Source.CLAIMS.value}
    record("grants.person.address_set", subject=person.label, person=person.label, detail=detail)


def make_primary(person: Person, address: str) -> None:
    """Make a verified address, new or the person's own, the one that mail is sent to."""
    person.addresses.filter(primary=True).update(primary=False)
    values = {"person": person, "verified": True, "primary": True}
    EmailAddress.objects.update_or_create(address=address, defaults=values)


def _follow_groups(person: Person, claims: Claims, now: datetime) -> None:
    if claims.groups is None:
        logger.warning("the sign-in of %s did not carry its groups; its places stay", person.label)
        said = _claimed_before(person)
    else:
        said = places_of(
            claims.groups, read_group_map(settings.GROUP_MAP_FILE) if settings.GROUP_MAP_FILE else None
        )
    places = _with_first_administrators(said, person)
    teams = {team.key: team for team in Team.objects.filter(key__in=places.teams)}
    wanted, unknown = known_places(places, teams)
    if unknown:
        logger.warning("groups of %s name unknown teams: %s", person.label, ", ".join(unknown))
    placed = Person.objects.prefetch_related("memberships__team", "roles").get(pk=person.pk)
    change = plan_places(placed, teams=wanted, roles=places.roles, source=Source.CLAIMS)
    if change:
        leaving = Leaving(frozenset(), leaving_of([change]), "sign-in")
        waiting = must_wait(leaving, by=SIGN_IN, now=now)
        write_places([change], teams=teams, by=SIGN_IN, now=now, waiting=waiting)


def _claimed_before(person: Person) -> Places:
    teams = person.memberships.filter(source=Source.CLAIMS).values_list("team__key", "role")
    roles = person.roles.filter(source=Source.CLAIMS).values_list("role", flat=True)
    return Places(dict(teams), frozenset(roles))


def _with_first_administrators(places: Places, person: Person) -> Places:
    first = {fold_address(address) for address in settings.FIRST_ADMINISTRATORS}
    if not person.addresses.filter(address__in=first, verified=True).exists():
        return places
    return Places(places.teams, places.roles | {ADMINISTRATOR})
