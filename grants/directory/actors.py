"""A person as the actor of an audited change."""

from audit.ledger.actors import Actor
from grants.directory.models import Person


def actor_for(person: Person) -> Actor:
    """The actor that stands for this person in the ledger."""
    return Actor(kind="person", id=str(person.pk), name=person.name)
