"""How people are written for scripts: by their address, read for a whole page at once."""

from collections.abc import Iterable

from grants.directory.models import EmailAddress, Person


def addresses_of(person_ids: Iterable[int]) -> dict[int, str]:
    """The primary address of each person who has one: one query."""
    rows = EmailAddress.objects.filter(person__in=set(person_ids)).order_by("primary", "-pk")
    return dict(rows.values_list("person_id", "address"))


def written(person: Person, addresses: dict[int, str]) -> str:
    """The person as they can be named in a request: the address, else the user name."""
    return addresses.get(person.pk) or person.user_name
