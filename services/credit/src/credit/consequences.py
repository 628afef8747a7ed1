"""What else follows in the transaction that records facts: warnings, supervision, the end of repairs."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.kinds import SourceKind
from credit.facts.models import Fact
from credit.facts.rules import REPAIRED, Action
from credit.repairs.closing import RepairClosings
from credit.subjects.models import Subject
from credit.supervision.service import SupervisionService
from credit.sweeps.service import SweepService

__all__ = ["after_facts"]

_OUR_REPAIRS = frozenset({SourceKind.REPAIR, SourceKind.MERGE})
"""Sources of repairs that were granted on an application here, or repeat one."""


async def after_facts(
    session: AsyncSession, env: Environment, recorded: Sequence[tuple[Subject, Fact]]
) -> None:
    """Ask warning rules, supervision and repair about versions of facts; the subjects' rows are locked."""
    sweeps, supervision = SweepService(session, env), SupervisionService(session, env)
    repairs = RepairClosings(session, env)
    rules = await sweeps.rules()
    for subject, fact in recorded:
        if fact.action != Action.REVOKE:
            await sweeps.on_fact(subject, fact.code, fact.id, fact.occurred_on, rules)
        if fact.action in (Action.REVOKE, Action.AMEND):
            await repairs.of_fact(subject, fact)
        elif fact.code == REPAIRED and fact.source_kind not in _OUR_REPAIRS:
            await repairs.of_repaired(subject, fact)
        await supervision.on_fact(subject, fact.code)
