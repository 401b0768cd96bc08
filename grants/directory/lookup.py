"""Finds whom pasted lines mean: every kind of token for a whole list in one query, exact matches only.

Tokens are folded as by grants.directory.folding.fold. Answers are by token, inactive people included.
A lead may look up anybody this way: it tells no more than that somebody one can already name exists.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db.models import F, Prefetch, Q
from django.db.models.functions import Lower

from grants.directory.folding import fold
from grants.directory.models import EmailAddress, Membership, Person
from grants.directory.types import Candidate

NEAR_ALL = 5_000
"""Up to so many addresses, all of them are offered for comparison (about 10 ms)."""

NEAR_PREFIXES = 20

Found = Mapping[str, Sequence[Candidate]]


class DirectoryLookup:
    """The directory as people lists see it; three queries for each kind of token at most."""

    def by_address(self, tokens: Collection[str]) -> Found:
        """People by any of their verified addresses."""
        owners = EmailAddress.objects.filter(address__in=tokens, verified=True)
        return self._found(owners.values_list("address", "person_id")) if tokens else {}

    def by_user_name(self, tokens: Collection[str]) -> Found:
        """People by user name."""
        people = Person.objects.filter(user_name__in=tokens)
        return self._found(people.values_list("user_name", "pk")) if tokens else {}

    def by_employee_number(self, tokens: Collection[str]) -> Found:
        """People by employee number, upper and lower case alike."""
        people = Person.objects.annotate(token=Lower("employee_number")).filter(token__in=tokens)
        return self._found(people.values_list("token", "pk")) if tokens else {}

    def by_name(self, tokens: Collection[str]) -> Found:
        """People by full name; namesakes are told apart by team and employee number."""
        people = Person.objects.filter(folded_name__in=tokens)
        return self._found(people.values_list("folded_name", "pk")) if tokens else {}

    def near_addresses(self, tokens: Collection[str]) -> Collection[str]:
        """Addresses of active people worth comparing with mistyped ones: all in a small directory.

        In a large one those that begin with the same two letters, for the first 20 beginnings.
        """
        known = EmailAddress.objects.filter(verified=True, person__active=True)
        if known.count() > NEAR_ALL:
            starts = sorted({token[:2] for token in tokens if token})[:NEAR_PREFIXES]
            known = known.filter(_begins_with(starts))
        return list(known.values_list("address", flat=True)[:NEAR_ALL]) if tokens else []

    def _found(self, pairs: Iterable[tuple[str, int]]) -> Found:
        by_token = list(pairs)
        people = _candidates({person for _, person in by_token})
        found: dict[str, list[Candidate]] = defaultdict(list)
        for token, person in by_token:
            found[fold(token)].append(people[person])
        return found


def _begins_with(starts: Sequence[str]) -> Q:
    condition = Q(pk=None)
    for start in starts:
        condition |= Q(address__startswith=start)
    return condition


def _candidates(ids: Collection[int]) -> dict[int, Candidate]:
    teams = Membership.objects.annotate(team_name=F("team__name")).order_by("team_name")
    people = Person.objects.filter(pk__in=ids).prefetch_related(Prefetch("memberships", teams))
    return {person.pk: Candidate(person.pk, person.name, person.active, _hint(person)) for person in people}


def _hint(person: Person) -> str:
    teams = [membership.team_name for membership in person.memberships.all()]  # type: ignore[attr-defined]
    return ", ".join([*teams, *([person.employee_number] if person.employee_number else [])])
