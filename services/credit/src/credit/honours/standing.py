"""What honours' criteria are asked about: how a subject stands today."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.subjects.models import Subject
from credit.supervision.rules import SELF
from credit.supervision.service import SupervisionService

from .repository import HonourRepository
from .rules import whole_months

__all__ = ["about"]

_PENALTY = "PENALTY_"


async def about(session: AsyncSession, env: Environment, subject: Subject, today: date) -> dict[str, Any]:
    """Grade, lists, boards and months without penalty or complaint."""
    days = await HonourRepository(session).last_days(subject.id, today)
    restrictions = await SupervisionService(session, env).in_force(subject, today)
    lists = {
        one.listed.source
        for one in restrictions
        if one.listed.role == SELF and one.restriction.lasts.with_listing
    }
    penalties = [day for code, day in days.items() if code.startswith(_PENALTY)]
    return {
        "grade": subject.grade,
        "tier": subject.tier,
        "kind": subject.kind,
        "level": subject.level,
        "status": subject.status,
        "listed": "serious" in lists,
        "slightly_listed": "slight" in lists,
        "on_black_board": _open(days, "BLACK_BOARD", "BLACK_BOARD_REMOVED"),
        "months_without_penalty": whole_months(max(penalties, default=None), today),
        "months_without_complaint": whole_months(days.get("VALID_COMPLAINT"), today),
        "months_licensed": 0 if subject.licensed_on is None else whole_months(subject.licensed_on, today),
    }


def _open(days: Mapping[str, date], opening: str, closing: str) -> bool:
    opened = days.get(opening)
    closed = days.get(closing)
    return opened is not None and (closed is None or closed < opened)
