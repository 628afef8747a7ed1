"""Use cases of boards: open a run, review entries, publish by a second person, show."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID

from common import regions
from common.auth import Principal
from common.calendar import add_working_days
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected, Resting
from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.facts.rules import Action
from credit.facts.schemas import SourceKind
from credit.facts.views import as_version
from credit.paging import cursor_id
from credit.papers.service import PaperService
from credit.scoring.rules.periods import first_day, label, last_day
from credit.scoring.rules.scorecard import Scorecard
from credit.scoring.rules.spans import meant
from credit.scoring.service import ScoringService
from credit.subjects.repository import SubjectRepository

from .errors import BoardExists, BoardNotFound, BoardRefused
from .models import Board, BoardEntry
from .policy import BoardPolicy
from .repository import BoardRepository
from .rules import Act, Side, State, allowed
from .schemas import (
    BoardIn,
    BoardView,
    EntryView,
    PublicBoardView,
    PublicEntryView,
    ReviewIn,
)
from .work import BoardWork, policy_of

__all__ = ["BoardService", "entry_view"]

_FIRST_CHUNK = 50


class BoardService:
    """Red and black boards. The card proposes; people decide; a second person publishes."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._boards = BoardRepository(session)
        self._fact_rows = FactRepository(session)
        self._subjects = SubjectRepository(session)

    async def open(self, actor: Principal, wanted: BoardIn) -> BoardView:
        """Open a run: its subjects are entered, ranked, recorded and judged in the background.

        A regular run is of a period that is over. An extra run is of one subject, after a fact that the
        card's `extra_runs` mean as it stands now; it is to be published so many working days after the fact
        was verified.

        Raises:
            BoardNotFound: the region, or the event's subject, is not the caller's.
            InvalidPayload: no such board there, a period that is not over, a fact that calls for no run.
            BoardExists: there is one for this period or event.
        """
        if not regions.exists(wanted.region):
            raise InvalidPayload.at("/region", Text("没有此行政区划代码", "There is no such division code"))
        if actor.subject_id is not None or not actor.covers(wanted.region):
            raise BoardNotFound
        today = china_date(self._env.clock.now())
        policy = self._env.rulebook.boards.find(wanted.board, on=today, region=wanted.region)
        if policy is None:
            raise InvalidPayload.at("/board", Text("该地区没有此红黑榜制度", "There is no such board there"))
        card = await self._card(policy, wanted.region, wanted.period_day or today)
        if wanted.period_day is not None:
            board = self._of_period(wanted, policy, card, wanted.period_day, today)
        else:
            board = await self._of_event(actor, wanted, policy, card, today)
        board.number = await PaperService(self._session, self._env).record_number("BRD", wanted.region)
        if board.trigger == "period":
            previous = await self._boards.previous(board)
            board.previous_id = previous.id if previous else None
        board.opened_by = actor.sub
        if not await self._boards.add_once(board):
            raise BoardExists
        return (await self._views([await self._found(actor, board.id)]))[0]

    async def search(
        self, actor: Principal, filters: dict[str, Any], cursor: str | None, limit: int
    ) -> Page[BoardView]:
        """Runs in the caller's regions, the newest first. Raises InvalidPayload for a foreign cursor."""
        if actor.subject_id is not None:
            return Page(items=[])
        rows = await self._boards.page(actor, filters, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=await self._views(items), next_cursor=following)

    async def get(self, actor: Principal, board_id: UUID) -> BoardView:
        """A run in the caller's regions. Raises BoardNotFound."""
        return (await self._views([await self._found(actor, board_id)]))[0]

    async def entries(
        self, actor: Principal, board_id: UUID, side: Side | None, cursor: str | None, limit: int
    ) -> Page[EntryView]:
        """Entries that are, or were proposed to be, on a board, with the facts behind.

        Raises:
            BoardNotFound, InvalidPayload: no such run of the caller's, or a foreign cursor.
        """
        board = await self._found(actor, board_id)
        rows = await self._boards.shown(board.id, side, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].subject_id)))
        return Page(items=[entry_view(row) for row in items], next_cursor=following)

    async def review(self, actor: Principal, board_id: UUID, subject_id: UUID, wanted: ReviewIn) -> EntryView:
        """Keep what the card proposes for an entry, or leave the subject off, with the reason.

        Nobody gets on a board by hand: what is missing is a missing fact.

        Raises:
            BoardNotFound: not the caller's, or the subject is not in the run.
            BoardRefused: the run is not in review.
            InvalidPayload: a side that the card did not propose.
        """
        board = await self._found(actor, board_id, Act.REVIEW)
        entry = await self._boards.entry(board.id, subject_id)
        if entry is None:
            raise BoardNotFound
        if wanted.side not in (Side.NONE, entry.proposed):
            raise InvalidPayload.at(
                "/side", Text("只能维持评价结果或者不列入", "Only what the card proposed, or none")
            )
        entry.decided, entry.note, entry.reviewed_by = wanted.side, wanted.note, actor.sub
        await self._session.flush()
        subject = await self._subjects.find(subject_id, actor)
        return entry_view((entry, subject.name if subject else "", subject.key if subject else None))

    async def publish(self, actor: Principal, board_id: UUID) -> BoardView:
        """Publish a run: entries nobody touched stand as proposed, and become facts.

        Raises:
            BoardNotFound: not the caller's.
            BoardRefused: not in review.
            SecondPersonNeeded: the caller opened the run or reviewed an entry.
        """
        board = await self._found(actor, board_id, Act.PUBLISH)
        if actor.sub == board.opened_by or actor.sub in await self._boards.reviewers(board.id):
            raise SecondPersonNeeded
        await self._boards.decide_open(board.id)
        board.state = State.PUBLISHING
        board.published_by, board.published_at = actor.sub, self._env.clock.now()
        board.version += 1
        await BoardWork(self._session, self._env).write(board, _FIRST_CHUNK)
        await self._session.flush()
        return (await self._views([board]))[0]

    async def withdraw(self, actor: Principal, board_id: UUID, reason: str) -> BoardView:
        """Drop a run before publication. Raises BoardNotFound, BoardRefused."""
        board = await self._found(actor, board_id, Act.WITHDRAW)
        board.state, board.note = State.WITHDRAWN, reason
        board.version += 1
        await self._session.flush()
        return (await self._views([board]))[0]

    async def public(self, region: str | None, cursor: str | None, limit: int) -> Page[PublicBoardView]:
        """Published runs as anyone sees them, the newest first. Raises InvalidPayload."""
        rows = await self._boards.page(None, {"region": region}, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        counts = await self._boards.counts([board.id for board in items])
        return Page(
            items=[self._public(board, counts.get(board.id, {})) for board in items],
            next_cursor=following,
        )

    async def public_entries(
        self, board_id: UUID, side: Literal["red", "black"], cursor: str | None, limit: int
    ) -> Page[PublicEntryView]:
        """One side of a published run, all of it page by page. Raises BoardNotFound, InvalidPayload."""
        board = await self._boards.find(board_id, None)
        if board is None or board.state != State.PUBLISHED:
            raise BoardNotFound
        rows = await self._boards.shown(board.id, Side(side), cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].subject_id)))
        return Page(items=[_shown(row) for row in items], next_cursor=following)

    async def affected_by(self, subject_id: UUID, fact_id: UUID, since: datetime) -> list[Affected]:
        """Published boards whose entry about a subject rests on a fact."""
        return [
            Affected(
                kind="board",
                id=board.id,
                number=board.number,
                at=board.published_at or board.opened_at,
                what=Text(f"该信息是列入{_ZH[side or '']}的依据", f"a reason to be on the {side} board"),
            )
            for board, side in await self._boards.touched_by(subject_id, fact_id, since)
        ]

    async def facts_resting_on(self, subject_id: UUID, fact_id: UUID) -> list[Resting]:
        """The facts that published boards recorded about a subject for which this one was a reason."""
        found = []
        for board, _ in await self._boards.touched_by(subject_id, fact_id, datetime.min.replace(tzinfo=UTC)):
            through = Text(f"红黑榜 {board.number}", f"board {board.number}")
            ids = await self._fact_rows.recorded_under(subject_id, SourceKind.BOARD, board.number)
            found += [Resting(one, through) for one in ids]
        return found

    async def _card(self, policy: BoardPolicy, region: str, on: date) -> Scorecard:
        view = (await ScoringService(self._session, self._env).cards()).at(self._env.clock.now())
        schedule = view.schedule(policy.kinds[0], region, on, policy.card)
        if schedule is None:
            raise InvalidPayload.at("/board", Text("评分卡在该期间未施行", "Its card is not in force then"))
        return schedule.card

    def _of_period(
        self, wanted: BoardIn, policy: BoardPolicy, card: Scorecard, day: date, today: date
    ) -> Board:
        calendar = policy.period or card.calendar
        if calendar is None:
            raise InvalidPayload.at("/board", Text("该评分卡没有评价周期", "Its card has no period"))
        last = last_day(day, calendar)
        if last >= today:
            raise InvalidPayload.at("/period_day", Text("该期尚未结束", "That period is not over"))
        due = add_working_days(last, policy.publish_within_working_days)
        board = self._new(wanted, policy, "period", (first_day(day, calendar), last))
        board.period, board.due_on, board.provisional = label(day, calendar), due.due_on, due.provisional
        return board

    async def _of_event(
        self, actor: Principal, wanted: BoardIn, policy: BoardPolicy, card: Scorecard, today: date
    ) -> Board:
        fact = None if wanted.event_fact is None else await self._boards.first_version(wanted.event_fact)
        subject = None if fact is None else await self._subjects.find(fact.subject_id, actor)
        if fact is None or subject is None:
            raise BoardNotFound
        extra, latest = card.extra_runs, await self._fact_rows.latest(fact.id)
        calls = (
            extra is not None
            and latest is not None
            and latest.action != Action.REVOKE
            and latest.code in extra.codes
            and meant(as_version(latest), extra.when)
            and latest.occurred_on <= today
        )
        if extra is None or latest is None or not calls or subject.kind not in policy.kinds:
            raise InvalidPayload.at(
                "/event_fact", Text("该信息不属于应当即时评价的重大事件", "That fact calls for no extra run")
            )
        within = extra.within_working_days or policy.event_within_working_days
        due = add_working_days(china_date(fact.recorded_at), within)
        calendar = policy.period or card.calendar or "month"
        day = latest.occurred_on
        board = self._new(wanted, policy, "event", (first_day(day, calendar), day))
        board.event_fact, board.subject_id = fact.id, subject.id
        board.period, board.due_on = label(day, calendar), due.due_on
        board.provisional = due.provisional
        return board

    def _new(self, wanted: BoardIn, policy: BoardPolicy, trigger: str, days: tuple[date, date]) -> Board:
        return Board(
            id=new_id(),
            number="",
            policy_id=policy.id,
            policy_version=policy.version,
            policy_region=policy.region,
            card_id=policy.card,
            region=wanted.region,
            trigger=trigger,
            period="",
            first_on=days[0],
            last_on=days[1],
            due_on=days[1],
            state=State.ENTERING,
            opened_by="",
            opened_at=self._env.clock.now(),
        )

    async def _found(self, actor: Principal, board_id: UUID, act: Act | None = None) -> Board:
        if actor.subject_id is not None:
            raise BoardNotFound
        board = await self._boards.find(board_id, actor, lock=act is not None)
        if board is None:
            raise BoardNotFound
        may = allowed(State(board.state))
        if act is not None and act not in may:
            raise BoardRefused(state=board.state, allowed=may)
        return board

    async def _views(self, boards: Sequence[Board]) -> list[BoardView]:
        counts = await self._boards.counts([board.id for board in boards])
        return [self._view(board, counts.get(board.id, {})) for board in boards]

    def _view(self, board: Board, counts: dict[str, int]) -> BoardView:
        policy = policy_of(self._env, board)
        open_still = board.state not in (State.PUBLISHED, State.WITHDRAWN)
        names = ("id", "number", "region", "trigger", "subject_id", "event_fact", "period", "first_on")
        more = ("last_on", "due_on", "provisional", "state", "opened_by", "opened_at", "published_by")
        return BoardView(
            **{name: getattr(board, name) for name in (*names, *more, "published_at", "note")},
            board=board.policy_id,
            board_version=board.policy_version,
            name=policy.name.render(self._language),
            legal_basis=policy.legal_basis,
            status=policy.status,
            card=board.card_id,
            overdue=open_still and board.due_on < china_date(self._env.clock.now()),
            allowed=allowed(State(board.state)),
            counts=counts,
        )

    def _public(self, board: Board, counts: Mapping[str, int]) -> PublicBoardView:
        policy = policy_of(self._env, board)
        return PublicBoardView(
            board_id=board.id,
            number=board.number,
            name=policy.name.render(self._language),
            region=board.region,
            region_name=regions.name_of(board.region),
            period=board.period,
            first_on=board.first_on,
            last_on=board.last_on,
            published_on=china_date(board.published_at or board.opened_at),
            legal_basis=policy.legal_basis,
            status=policy.status,
            red=counts.get(Side.RED, 0),
            black=counts.get(Side.BLACK, 0),
        )


_ZH = {"red": "红榜", "black": "黑榜", "": "榜单"}


def _shown(row: Row[BoardEntry, str, str | None]) -> PublicEntryView:
    entry, name, key = row
    return PublicEntryView(
        name=name,
        key=key,
        side=str(entry.decided),
        reasons=list(dict.fromkeys(one["reason"] for one in entry.reasons)),
        until=entry.ended_on,
    )


_REVIEWED = (
    "reviewed_by",
    "removal_reason",
    "removal_asked_by",
    "removed_by",
    "paper_id",
    "ended_on",
    "ended_because",
)


def entry_view(row: Any) -> EntryView:
    """An entry with its subject's name and key, as it crosses the API."""
    entry, name, key = row
    names = ("subject_id", "ranks", "grade", "proposed", "reasons", "result_hash", "decided", "note")
    return EntryView(
        **{one: getattr(entry, one) for one in (*names, *_REVIEWED)},
        subject_name=name,
        subject_key=key,
        score=None if entry.score is None else float(entry.score),
    )
