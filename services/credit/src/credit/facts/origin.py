"""What a merger recorded again, traced back to what was recorded first."""

from datetime import datetime

from .models import Fact
from .repository import FactRepository, repeats
from .schemas import SourceKind

__all__ = ["first_known", "origin"]


async def origin(facts: FactRepository, fact: Fact) -> Fact | None:
    """The fact that one repeats which a merger brought, through every merger; itself where none did.

    None where it names no fact that is here.
    """
    found: Fact | None = fact
    while found is not None and found.source_kind == SourceKind.MERGE:
        named = repeats(found.source_reference)
        found = None if named is None else await facts.latest(named)
    return found


async def first_known(facts: FactRepository, fact: Fact) -> datetime:
    """When what a fact says was first recorded, be it of a subject that was merged since."""
    first = await origin(facts, fact) or fact
    return (await facts.versions(first.id))[0].recorded_at
