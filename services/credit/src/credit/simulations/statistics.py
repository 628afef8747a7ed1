"""The figures of a trial, reckoned once when it has reached its end."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from .repository import ResultRepository
from .rules import kolmogorov_smirnov, mean, population_stability

__all__ = ["UNRATED", "Statistics"]

UNRATED = "unrated"


class Statistics:
    """The figures of runs that keep every result."""

    def __init__(self, session: AsyncSession) -> None:
        self._results = ResultRepository(session)

    async def of(self, run_id: UUID) -> dict[str, Any]:
        """Migration matrix, stability index, distance and shift of scores; by kind, region and size too."""
        figures = _figures(await self._results.migrations(run_id, None))
        before = await self._results.scores(run_id, before=True)
        after = await self._results.scores(run_id, before=False)
        return figures | {
            "ks": kolmogorov_smirnov(before, after),
            "mean_before": mean(before),
            "mean_after": mean(after),
            "by_kind": _grouped(await self._results.migrations(run_id, "kind")),
            "by_region": _grouped(await self._results.migrations(run_id, "region")),
            "by_size": _grouped(await self._results.migrations(run_id, "size")),
        }


def _grouped(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    names = dict.fromkeys(row.name for row in rows)
    return [{"name": name, **_figures([row for row in rows if row.name == name])} for name in names]


def _figures(rows: Sequence[Row[Any]]) -> dict[str, Any]:
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for row in rows:
        before[row.before or UNRATED] += row.subjects
        after[row.after or UNRATED] += row.subjects
    compared = sum(row.compared for row in rows)
    shift = sum(row.shift for row in rows if row.shift is not None)
    return {
        "subjects": sum(row.subjects for row in rows),
        "changed": sum(row.changed for row in rows),
        "migration": [{"before": row.before, "after": row.after, "subjects": row.subjects} for row in rows],
        "psi": population_stability(before, after),
        "mean_shift": round(float(shift / compared), 4) if compared else None,
    }
