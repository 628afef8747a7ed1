"""Use cases of scorecards made here: draft, change, publish by a second person, withdraw in time."""

import asyncio
import re
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common import audit, regions
from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.policies import PolicyError
from common.problems import (
    FieldError,
    InvalidPayload,
    PreconditionFailed,
    SecondPersonNeeded,
    Text,
    Unavailable,
)
from common.web import field_errors
from common.web.fields import FIRST_DAY, LAST_DAY
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.paging import cursor_id
from credit.runs.rules import Purpose
from credit.runs.service import RunService
from credit.scoring.rules import Scorecard
from credit.subjects.rules import Kind

from .errors import CardClash, CardNotFound, NotSimulated, WrongHash, WrongState
from .models import CardDraft
from .repository import CardRepository
from .rules import State, may_be_withdrawn, overlapping
from .schemas import CardSummary, CardView, PublicationIn
from .shelf import card_book, forget_book

__all__ = ["CardService"]

_WAITS, _WAIT_SECONDS = 100, 0.02
_PUBLISHED = (State.PUBLISHED,)
_ALL = tuple(State)
_CLASHES = {
    "version": Text("同一评分卡已有相同版本号", "This version of the card was published before"),
    "first_day": Text("同一评分卡已有同日生效的版本", "Another version of the card begins on that day"),
    "kind": Text(
        "同一地区已有评定该类主体等级的评分卡", "Another card grades one of these kinds in that region"
    ),
}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ONE_WORD = Text("只用字母、数字和 . _ -，以字母或数字开头", "Letters and digits, and . _ - behind them")


class CardService:
    """Drafts and published versions of scorecards."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._cards = CardRepository(session)
        self._runs = RunService(session, env)

    async def draft(self, actor: Principal, document: dict[str, Any]) -> CardDraft:
        """Keep a draft after checking all that a card of the files is checked for.

        Raises:
            CardNotFound: the card's region is not the caller's.
            InvalidPayload: it is no card, or uses codes that the catalogue does not have.
        """
        card, now = self._checked(actor, document), self._env.clock.now()
        draft = CardDraft(
            id=new_id(),
            state=State.DRAFT,
            author=actor.sub,
            editors=[],
            created_at=now,
            updated_at=now,
            **_columns(card),
        )
        self._cards.add(draft)
        await self._session.flush()
        return draft

    async def change(
        self, actor: Principal, card_id: UUID, expected: int, document: dict[str, Any]
    ) -> CardDraft:
        """Replace the content of a draft that is still at version `expected`.

        Raises:
            CardNotFound, InvalidPayload: as for `draft`.
            WrongState: it was published or withdrawn.
            PreconditionFailed: somebody has changed it meanwhile.
        """
        draft = await self._locked(actor, card_id)
        if draft.state != State.DRAFT:
            raise WrongState(state=draft.state, allowed=_allowed(draft, self._today()))
        if draft.version != expected:
            raise PreconditionFailed
        card = self._checked(actor, document)
        draft.sqlmodel_update(_columns(card))
        draft.version += 1
        draft.updated_at = self._env.clock.now()
        draft.editors = sorted({*draft.editors, actor.sub} - {draft.author})
        await self._session.flush()
        return draft

    async def get(self, actor: Principal, card_id: UUID) -> CardDraft:
        """A version the caller may see: published ones all readers, drafts those who make policy.

        Raises CardNotFound.
        """
        draft = await self._cards.get(card_id)
        if draft is None or draft.state not in _visible(actor):
            raise CardNotFound
        if draft.state != State.PUBLISHED and not actor.covers(draft.region):
            raise CardNotFound
        return draft

    async def search(
        self, actor: Principal, card_id: str | None, state: State | None, cursor: str | None, limit: int
    ) -> Page[CardSummary]:
        """Versions the caller may see, the newest first. Raises InvalidPayload for a foreign cursor."""
        states = [one for one in _visible(actor) if state in (None, one)]
        rows = await self._cards.page(actor, states, card_id, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[CardSummary(**_told(row)) for row in items], next_cursor=following)

    async def publish(self, actor: Principal, card_id: UUID, wanted: PublicationIn) -> CardDraft:
        """Publish a draft: it holds from its first day, and is known from this instant.

        Nobody scores while this transaction ends, and the instant lies behind everything recorded, so no
        result that was given before can change. Subjects of a grade card are rescored at once, and again on
        its first day.

        Raises:
            CardNotFound: no such draft, or not of the caller's regions.
            WrongState: it was published or withdrawn before.
            SecondPersonNeeded: the caller wrote or changed it.
            WrongHash: the draft has other content than the hash named.
            NotSimulated: that content was not simulated to the end on all whom the card is for, and no waiver
                is given.
            CardClash: its first day is past, or another card stands in the way.
        """
        draft = await self._locked(actor, card_id)
        today = self._today()
        if draft.state != State.DRAFT:
            raise WrongState(state=draft.state, allowed=_allowed(draft, today))
        if actor.sub in {draft.author, *draft.editors}:
            raise SecondPersonNeeded
        if draft.hash != wanted.hash:
            raise WrongHash(hash=draft.hash)
        await self._check_simulated(draft, wanted.waiver)
        card = Scorecard.parse(draft.document)
        self._check_first_day(card, today)
        known_from = await self._instant()
        book = await card_book(self._session, self._env)
        if clash := overlapping(card, book.at(known_from).cards):
            raise CardClash(_CLASHES[clash], clash=clash)
        draft.state, draft.published_at, draft.published_by = State.PUBLISHED, known_from, actor.sub
        draft.waiver = wanted.waiver
        await self._session.flush()
        forget_book(self._session)
        await self._rescore(draft, by=actor.sub, reason="published")
        if draft.effective_from == today:
            draft.taken_up_on = today
        await self._record(actor, "scorecard.publish", draft, known_from, wanted.waiver)
        return draft

    async def withdraw(self, actor: Principal, card_id: UUID, reason: str) -> CardDraft:
        """Give up a draft, or withdraw a published version before its first day.

        Two people published it, so neither its authors nor who published it takes it back alone.

        Raises:
            CardNotFound: no such version, or not of the caller's regions.
            WrongState: it is in force, or withdrawn already.
            SecondPersonNeeded: it was published, and the caller wrote, changed or published it.
        """
        draft = await self._locked(actor, card_id)
        today = self._today()
        if not may_be_withdrawn(State(draft.state), draft.effective_from, today):
            raise WrongState(state=draft.state, allowed=_allowed(draft, today))
        published = draft.state == State.PUBLISHED
        if published and actor.sub in {draft.author, *draft.editors, draft.published_by}:
            raise SecondPersonNeeded
        draft.withdrawn_at = await self._instant() if published else self._env.clock.now()
        draft.state, draft.withdrawn_by, draft.withdrawal_reason = State.WITHDRAWN, actor.sub, reason
        await self._session.flush()
        if published:
            forget_book(self._session)
            await self._rescore(draft, by=actor.sub, reason="withdrawn")
        await self._record(actor, "scorecard.withdraw", draft, draft.withdrawn_at, reason)
        return draft

    async def begun(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Published versions whose first day has come and that were not taken up, behind `after` in order."""
        return await self._cards.begun(self._today(), after, limit)

    async def take_up(self, cards: Collection[UUID]) -> int:
        """Order the rescoring of those of the versions whose first day has come; gives how many."""
        today = self._today()
        begun = await self._cards.take_begun(today, cards)
        for draft in begun:
            draft.taken_up_on = today
            await self._rescore(draft, by=draft.published_by or draft.author, reason="begun")
        await self._session.flush()
        return len(begun)

    async def view(self, draft: CardDraft) -> CardView:
        """The version as it crosses the API."""
        last = await self._runs.last_simulation(draft.id, draft.region, draft.kinds)
        return CardView(
            **_told(draft), document=draft.document, simulated_hash=last.card_hash if last else None
        )

    async def _locked(self, actor: Principal, card_id: UUID) -> CardDraft:
        draft = await self._cards.get(card_id, lock=True)
        if draft is None or not actor.covers(draft.region):
            raise CardNotFound
        return draft

    async def _check_simulated(self, draft: CardDraft, waiver: str | None) -> None:
        last = await self._runs.last_simulation(draft.id, draft.region, draft.kinds)
        if waiver is None and (last is None or last.card_hash != draft.hash):
            raise NotSimulated(simulated_hash=last.card_hash if last else None)

    def _check_first_day(self, card: Scorecard, today: date) -> None:
        if card.effective_from < today:
            raise CardClash(
                Text("生效日期不得早于今天", "The first day must not lie before today"), clash="past"
            )

    async def _instant(self) -> datetime:
        """The instant of a publication, behind what was recorded or asked for; waits out a clock that stands.

        Raises Unavailable while something is recorded ahead of the clock.
        """
        await self._cards.lock_publication()
        generation = (await self._cards.generation(), await self._cards.last_known_at())
        last = max(filter(None, generation), default=None)
        for _ in range(_WAITS):
            now = self._env.clock.now()
            if last is None or now > last:
                return now
            await asyncio.sleep(_WAIT_SECONDS)
        raise Unavailable(Text("档案中有晚于当前时刻的记录，请稍后再试", "The archive is ahead of the clock"))

    async def _rescore(self, draft: CardDraft, *, by: str, reason: str) -> None:
        if Scorecard.parse(draft.document).use == "grade":
            await self._runs.start(
                Purpose.RESCORE,
                draft.region,
                draft.kinds,
                by=by,
                reason=f"scorecard {reason}: {draft.card_id}",
            )

    async def _record(
        self, actor: Principal, action: str, draft: CardDraft, now: datetime, reason: str | None
    ) -> None:
        await audit.record(
            self._session,
            actor=actor,
            action=action,
            target=f"scorecard:{draft.id}",
            purpose=reason,
            details={"card": draft.card_id, "version": draft.card_version, "hash": draft.hash},
            now=now,
        )

    def _today(self) -> date:
        return china_date(self._env.clock.now())

    def _checked(self, actor: Principal, document: dict[str, Any]) -> Scorecard:
        try:
            card = Scorecard.parse(document, file="document")
            card.hash  # noqa: B018  (numbers that have no canonical form are refused here)
        except PolicyError as error:
            raise InvalidPayload.at(_first_place(error, document), error.reason) from error
        except (ValueError, ArithmeticError) as error:
            raise InvalidPayload.at("", Text("数值超出范围", "A number is out of range")) from error
        errors = [FieldError(pointer, text) for pointer, text in self._faults(card)]
        if errors:
            raise InvalidPayload(errors)
        if not actor.covers(card.region):
            raise CardNotFound(Text("该地区不在您的管辖范围", "That region is not yours"))
        return card

    def _faults(self, card: Scorecard) -> list[tuple[str, Text]]:
        """What is wrong with a card that the format alone cannot tell."""
        kinds = {str(kind) for kind in Kind}
        found = []
        for name in ("id", "version"):
            if not _NAME.fullmatch(getattr(card, name)):
                found.append((f"/{name}", _ONE_WORD))
        if not FIRST_DAY <= card.effective_from <= LAST_DAY:
            found.append(("/effective_from", Text("日期超出范围", "The day is out of range")))
        if not (card.rules or card.vetoes or card.figures or card.prerequisites):
            found.append(("/rules", Text("没有任何计分规则", "Nothing in it counts")))
        if not card.kinds or not set(card.kinds) <= kinds:
            found.append(("/kinds", Text("须为一个以上的主体类别", "Must name kinds of subjects")))
        if not card.legal_basis:
            found.append(("/legal_basis", Text("须写明依据", "Must say on what basis")))
        if "version" not in card.model_fields_set:
            found.append(("/version", Text("须写明版本", "Must be given")))
        if "effective_from" not in card.model_fields_set:
            found.append(("/effective_from", Text("须写明生效日期", "Must be given")))
        if card.effective_to is not None:
            found.append(
                (
                    "/effective_to",
                    Text("不得限期：版本有效至下一版本生效", "A version holds until the next one begins"),
                )
            )
        if not regions.exists(card.region):
            found.append(("/region", Text("没有此行政区划代码", "There is no such division code")))
        known = {fact.code for fact in self._env.rulebook.catalogue(self._today(), card.region).facts}
        if unknown := sorted(card.codes - known):
            names = ", ".join(unknown[:20])
            found.append(("/rules", Text(f"信用信息目录中没有：{names}", f"Not in the catalogue: {names}")))
        return found


def _first_place(error: PolicyError, document: dict[str, Any]) -> str:
    """Where the first of the faults stands that the reason explains."""
    cause = error.__cause__ and error.__cause__.__cause__
    faults = field_errors(cause.errors(), 0, document) if isinstance(cause, ValidationError) else []
    return faults[0].pointer if faults else ""


def _visible(actor: Principal) -> tuple[State, ...]:
    return _ALL if "credit:policy" in actor.scopes else _PUBLISHED


def _columns(card: Scorecard) -> dict[str, Any]:
    return {
        "card_id": card.id,
        "card_version": card.version,
        "region": card.region,
        "kinds": list(card.kinds),
        "effective_from": card.effective_from,
        "document": dict(card.content),
        "hash": card.hash,
    }


def _told(draft: CardDraft) -> dict[str, Any]:
    return draft.model_dump(exclude={"document", "taken_up_on"})


def _allowed(draft: CardDraft, today: date) -> list[str]:
    if draft.state == State.DRAFT:
        return ["change", "simulate", "publish", "withdraw"]
    return ["withdraw"] if may_be_withdrawn(State(draft.state), draft.effective_from, today) else []
