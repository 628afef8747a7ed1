"""Whether a restriction in force keeps somebody from what is to be recorded."""

from collections.abc import Collection
from datetime import date

from common.problems import StateConflict, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.subjects.models import Subject
from credit.supervision.service import SupervisionService

from .rules import RelationKind

__all__ = ["BARRED_FROM", "Barred", "refuse_barred"]

BARRED_FROM: dict[RelationKind, frozenset[str]] = {
    RelationKind.LEGAL_REPRESENTATIVE: frozenset({"hold_post", "agency_business"}),
    RelationKind.PRINCIPAL: frozenset({"hold_post", "agency_business"}),
    RelationKind.RESPONSIBLE_MANAGER: frozenset({"agency_business"}),
    RelationKind.GUIDE_CONTRACT: frozenset({"agency_business"}),
    RelationKind.EMPLOYS: frozenset({"agency_business"}),
}
"""What a restriction bars that keeps a person out of each relation with an agency or a branch."""


class Barred(StateConflict):
    """A restriction in force forbids it; `measures` names each with its basis and last day."""

    type = "/problems/barred-by-measure"
    title = Text("正在实施的限制措施不允许办理", "A restriction in force forbids it")


async def refuse_barred(
    session: AsyncSession, env: Environment, person: Subject, acts: Collection[str], on: date
) -> None:
    """Refuse what restrictions on a person bar on a day. Raises Barred, naming all of them."""
    found = [
        one
        for one in await SupervisionService(session, env).in_force(person, on)
        if not set(acts).isdisjoint(one.restriction.bars)
    ]
    if found:
        names = [one.restriction.name for one in found]
        raise Barred(
            Text("；".join(name.zh for name in names), "; ".join(name.en for name in names)),
            measures=[
                one.citation.document() | {"ends_on": one.ends_on.isoformat() if one.ends_on else None}
                for one in found
            ],
        )
