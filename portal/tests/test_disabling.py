"""What a disabled person held stays dead when they are enabled again."""

import pytest
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.directory.people import disable_person, enable_person
from grants.directory.testing import cast
from grants.tokens.models import Credential
from grants.tokens.services import create_personal, revoke_credential

BY = operator("root")


@pytest.mark.django_db
def test_pull_credentials_end_with_their_person_for_good():
    people, now = cast(), timezone.now()
    ended, _ = create_personal(person=people.bob, hours=1, by=BY, now=now)
    revoke_credential(credential=ended, by=BY, now=now)
    held, _ = create_personal(person=people.bob, hours=720, by=BY, now=now)
    others, _ = create_personal(person=people.alice, hours=1, by=BY, now=now)
    disable_person(person=people.bob, reason="left", by=BY, now=now)
    enable_person(person=people.bob, by=BY, now=now)
    assert Credential.objects.get(pk=held.pk).revoked_at == now
    assert Credential.objects.get(pk=others.pk).revoked_at is None
    revoked = Event.objects.filter(kind="grants.credential.revoked").values_list("subject", flat=True)
    assert sorted(revoked) == sorted([f"credential:{ended.pk}", f"credential:{held.pk}"])
