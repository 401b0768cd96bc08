"""Changes of one person: disabled, enabled, released from an identity, language."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from audit.ledger.types import Value
from grants.directory.errors import DirectoryError, NotAllowed
from grants.directory.models import Person
from grants.directory.signals import person_disabled


def disable_person(*, person: Person, reason: str, by: Actor, now: datetime) -> Person:
    """From this commit on the person may do nothing anywhere; sends `person_disabled`, which ends their access.

    Records `grants.person.disabled`; does nothing for a disabled person. Raises NotAllowed (`own_account`) when
    the actor is the person: nobody should lock the last administrator out by a slip.
    """
    with audited(by=by):
        person = _locked(person)
        if by.label == person.label:
            raise NotAllowed("own_account", _("You cannot disable your own account."))
        if person.active:
            person.active, person.disabled_at, person.disabled_reason = False, now, reason[:200]
            person.save(update_fields=["active", "disabled_at", "disabled_reason"])
            _record("grants.person.disabled", person, reason=person.disabled_reason)
            person_disabled.send(None, person_id=person.pk, by=by, now=now)
    return person


def enable_person(*, person: Person, by: Actor, now: datetime) -> Person:
    """Let a disabled person sign in again; access that ended stays ended. Records `grants.person.enabled`."""
    with audited(by=by):
        person = _locked(person)
        if not person.active:
            detail = {"disabled_at": person.disabled_at.isoformat() if person.disabled_at else ""}
            person.active, person.disabled_at, person.disabled_reason = True, None, ""
            person.save(update_fields=["active", "disabled_at", "disabled_reason"])
            _record("grants.person.enabled", person, **detail)
    return person


def release_identities(*, person: Person, by: Actor, now: datetime) -> Person:
    """Forget which identities the person signs in by, so that the next verified sign-in links a new one.

    For people whose account at the identity provider was made anew. Records `grants.identity.released` for each;
    raises DirectoryError (`no_identity`) when there is none.
    """
    with audited(by=by):
        person = _locked(person)
        identities = list(person.identities.all())
        if not identities:
            raise DirectoryError("no_identity", _("This person has no sign-in to release."))
        for identity in identities:
            _record("grants.identity.released", person, issuer=identity.issuer, subject=identity.subject)
            identity.delete()
    return person


def set_language(*, person: Person, language: str, by: Actor, now: datetime) -> Person:
    """Keep the language the person reads and gets mail in; empty follows the browser. Records the change."""
    with audited(by=by):
        person = _locked(person)
        if person.language != language:
            _record("grants.person.changed", person, changed={"language": [person.language, language]})
            person.language = language
            person.save(update_fields=["language"])
    return person


def _locked(person: Person) -> Person:
    return Person.objects.select_for_update(no_key=True, of=("self",)).get(pk=person.pk)


def _record(kind: str, person: Person, **detail: Value) -> None:
    record(kind, subject=person.label, person=person.label, detail=detail)
