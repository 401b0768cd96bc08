"""A person as the actor of an audited change, and back."""

from audit.ledger.actors import Actor
from grants.directory.models import Person
from grants.directory.standing import Standing, standing_of


def actor_for(person: Person) -> Actor:
    """The actor that stands for this person in the ledger."""
    return Actor(kind="person", id=str(person.pk), name=person.name)


def standing_of_actor(actor: Actor) -> Standing | None:
    """What the acting person stands for now; None for an actor who is no person of the directory."""
    person = Person.objects.filter(pk=actor.id).first() if actor.kind == "person" else None
    return standing_of(person) if person else None
