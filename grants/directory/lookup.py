"""Finds whom pasted lines mean: every kind of token for a whole list in one query, exact matches only.

Tokens are folded as by grants.directory.folding.fold. Answers are by token, inactive people included.
A lead may look up anybody this way: it tells no more than that somebody one can already name exists.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from grants.directory.folding import fold
from grants.directory.models import EmailAddress, Membership, Person
from grants.directory.types import Candidate

NEAR_ALL = 5_000
"""Up to so many addresses, all of them are offered for comparison (about 10 ms)."""

NEAR_PREFIXES = 20

Found = Mapping[str, Sequence[Candidate]]


class DirectoryLookup:
    """The directory as people lists see it; one query for each kind of token."""

    def by_address(self, tokens: Collection[str]) -> Found:
        """People by any of their verified addresses."""
        owners = EmailAddress.objects.filter(address__in=tokens, verified=True)
        return _found(owners, "address", "person__") if tokens else {}

    def by_user_name(self, tokens: Collection[str]) -> Found:
        """People by user name."""
        people = Person.objects.filter(user_name__in=tokens)
        return _found(people, "user_name") if tokens else {}

    def by_employee_number(self, tokens: Collection[str]) -> Found:
        """People by employee number, upper and lower case alike."""
        people = Person.objects.annotate(token=Lower("employee_number")).filter(token__in=tokens)
        return _found(people, "token") if tokens else {}

    def by_name(self, tokens: Collection[str]) -> Found:
        """People by full name; namesakes are told apart by team and employee number."""
        people = Person.objects.filter(folded_name__in=tokens)
        return _found(people, "folded_name") if tokens else {}

    def near_addresses(self, tokens: Collection[str]) -> Collection[str]:
        """Addresses of active people worth comparing with mistyped ones: all in a small directory.

        In a large one those that begin with the same two letters, for the first 20 beginnings.
        """
        known = EmailAddress.objects.filter(verified=True, person__active=True)
        if known.count() > NEAR_ALL:
            starts = sorted({token[:2] for token in tokens if token})[:NEAR_PREFIXES]
            known = known.filter(_begins_with(starts))
        return list(known.values_list("address", flat=True)[:NEAR_ALL]) if tokens else []


def _begins_with(starts: Sequence[str]) -> Q:
    condition = Q(pk=None)
    for start in starts:
        condition |= Q(address__startswith=start)
    return condition


def _found(rows: QuerySet[Any], token: str, person: str = "") -> Found:
    """Candidates by token, with their teams: one query. `person` leads from a row to its person."""
    memberships = Membership.objects.filter(person=OuterRef(f"{person}pk")).order_by("team__name")
    named = rows.annotate(teams=ArraySubquery(memberships.values("team__name")))
    fields = ("pk", "name", "active", "employee_number")
    found: dict[str, list[Candidate]] = defaultdict(list)
    for written, *about, teams in named.values_list(token, *(person + name for name in fields), "teams"):
        pk, name, active, number = about
        hint = ", ".join([*(teams or [_("no team")]), number] if number else teams)
        found[fold(written)].append(Candidate(pk, name, active, hint))
    return found
