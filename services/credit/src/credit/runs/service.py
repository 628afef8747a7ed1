"""Use cases of runs: order one, read how far it is, cancel it."""

from collections.abc import Sequence
from uuid import UUID

from common import regions
from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.paging import cursor_id
from credit.scorecards.shelf import card_book
from credit.scoring.rules import Scorecard
from credit.subjects.rules import Kind

from .errors import RunNotFound, RunOver
from .models import ScoringRun
from .repository import RunRepository
from .rules import ACTIVE, Method, Purpose, RunState, remaining_seconds
from .schemas import MethodView, RunIn, RunView

__all__ = ["RunService"]


class RunService:
    """Runs of scoring over whole populations; `worker` does them."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._runs = RunRepository(session)

    async def order(self, actor: Principal, wanted: RunIn) -> ScoringRun:
        """Order a run over a region of the caller's; it begins within seconds, in chunks.

        Raises:
            RunNotFound: the region is not the caller's.
            InvalidPayload: no such region or card, or another card than the kind's own without `dry_run`.
        """
        if not regions.exists(wanted.region):
            raise InvalidPayload.at("/region", Text("没有此行政区划代码", "There is no such division code"))
        if actor.subject_id is not None or not actor.covers(wanted.region):
            raise RunNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))
        kinds = [str(kind) for kind in wanted.kinds or list(Kind)]
        if wanted.scorecard is not None:
            kinds = await self._kinds_of(wanted.scorecard, kinds, dry_run=wanted.dry_run)
        purpose = Purpose.DRY_RUN if wanted.dry_run else Purpose.RESCORE
        return await self.start(
            purpose, wanted.region, kinds, by=actor.sub, reason="ordered", card_id=wanted.scorecard
        )

    async def start(
        self,
        purpose: Purpose,
        region: str,
        kinds: list[str],
        *,
        by: str,
        reason: str,
        card_id: str | None = None,
        draft: tuple[UUID, Scorecard] | None = None,
    ) -> ScoringRun:
        """Queue a run, in the caller's transaction.

        A draft is simulated as it stands now, on its first day if that lies ahead.
        """
        now = self._env.clock.now()
        draft_id, card = draft or (None, None)
        today = china_date(now)
        run = ScoringRun(
            id=new_id(),
            purpose=purpose,
            state=RunState.QUEUED,
            region=region,
            kinds=sorted(set(kinds)),
            card_id=card_id,
            draft_id=draft_id,
            document=card.content if card else None,
            card_hash=card.hash if card else None,
            valid_at=max(today, card.effective_from) if card else today,
            methods={},
            reason=reason,
            requested_by=by,
            requested_at=now,
        )
        self._runs.add(run)
        await self._session.flush()
        return run

    async def get(self, actor: Principal, run_id: UUID) -> ScoringRun:
        """A run in the caller's regions. Raises RunNotFound."""
        run = None if actor.subject_id is not None else await self._runs.find(run_id, actor)
        if run is None:
            raise RunNotFound
        return run

    async def search(
        self, actor: Principal, state: RunState | None, cursor: str | None, limit: int
    ) -> Page[RunView]:
        """Runs in the caller's regions, the newest first. Raises InvalidPayload for a foreign cursor."""
        if actor.subject_id is not None:
            return Page(items=[])
        rows = await self._runs.page(actor, state, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[view(row) for row in items], next_cursor=following)

    async def cancel(self, actor: Principal, run_id: UUID) -> ScoringRun:
        """Stop a run behind its present chunk. What it has stored for the record stays: each chunk is whole.

        Raises:
            RunNotFound: no such run, or not the caller's.
            RunOver: it has ended already.
        """
        run = None if actor.subject_id is not None else await self._runs.find(run_id, actor, lock=True)
        if run is None:
            raise RunNotFound
        if run.state not in ACTIVE:
            raise RunOver(state=run.state)
        run.state, run.finished_at = RunState.CANCELLED, self._env.clock.now()
        await self._session.flush()
        return run

    async def give_up(self, run_id: UUID, reason: str) -> None:
        """End a run whose chunk fails again and again, and say why. What it has stored stays."""
        run = await self._runs.find(run_id, None, lock=True)
        if run is not None and run.state in ACTIVE:
            run.state, run.finished_at, run.failure = RunState.FAILED, self._env.clock.now(), reason
            await self._session.flush()

    async def last_simulation(self, draft_id: UUID, region: str, kinds: Sequence[str]) -> ScoringRun | None:
        """The newest simulation of a draft on that whole population that was done to its end."""
        return await self._runs.last_simulation(draft_id, region, kinds, RunState.DONE)

    async def simulations(self, draft_id: UUID, below: UUID | None, limit: int) -> list[ScoringRun]:
        """`limit + 1` simulations of a draft, the newest first."""
        return list(await self._runs.simulations(draft_id, below, limit))

    async def _kinds_of(self, card_id: str, kinds: list[str], *, dry_run: bool) -> list[str]:
        now = self._env.clock.now()
        cards = (await card_book(self._session, self._env)).at(now).cards
        named = [card for card in cards if card.id == card_id and card.in_force(china_date(now))]
        if not named:
            raise InvalidPayload.at(
                "/scorecard", Text("没有此编号的现行评分卡", "No card in force has this id")
            )
        if not dry_run and any(card.use != "grade" for card in named):
            raise InvalidPayload.at(
                "/scorecard",
                Text(
                    "该评分卡不评定等级，只能试算（dry_run）",
                    "That card gives no grade of record: it can only be tried (dry_run)",
                ),
            )
        graded = {kind for card in named for kind in card.kinds}
        found = [kind for kind in kinds if kind in graded]
        if not found:
            raise InvalidPayload.at("/kinds", Text("该评分卡不适用于所选类别", "The card grades other kinds"))
        return found


def view(run: ScoringRun) -> RunView:
    """A run as it crosses the API."""
    active = run.state in ACTIVE
    return RunView(
        id=run.id,
        purpose=Purpose(run.purpose),
        state=RunState(run.state),
        region=run.region,
        kinds=run.kinds,
        scorecard=run.card_id,
        card_hash=run.card_hash,
        valid_at=run.valid_at,
        total=run.total,
        done=run.done,
        changed=run.changed,
        differing=run.differing,
        eta_seconds=remaining_seconds(run.done, run.total, run.worked_ms) if active else None,
        worked_seconds=run.worked_ms / 1000,
        methods=[
            MethodView(kind=kind, method=Method(told["method"]), scorecards=told["scorecards"])
            for kind, told in sorted(run.methods.items())
        ],
        reason=run.reason,
        requested_by=run.requested_by,
        requested_at=run.requested_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        failure=run.failure,
    )
