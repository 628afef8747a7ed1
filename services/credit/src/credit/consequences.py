"""What else follows in the transaction that records a fact: warnings by rule, supervision told anew."""

from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.subjects.models import Subject
from credit.supervision.service import SupervisionService
from credit.sweeps.service import SweepService

__all__ = ["after_fact"]


async def after_fact(session: AsyncSession, env: Environment, subject: Subject, fact: Fact) -> None:
    """Ask warning rules and supervision about a version of a fact; the subject's row is locked."""
    if fact.action != Action.REVOKE:
        await SweepService(session, env).on_fact(subject, fact.code, fact.id, fact.occurred_on)
    await SupervisionService(session, env).on_fact(subject, fact.code)
