"""Routes of commitments."""

from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import Forbidden, SecondPersonNeeded, declare
from common.web import CursorParam, LimitParam, ServiceRouter
from fastapi import Query

from credit.listings.errors import HearingSkipped, StatementTooLate
from credit.subjects.errors import SubjectNotFound

from .dependencies import CommitmentServiceDep, Decider, Giver, PublicCommitmentsDep, Reader, Writer
from .errors import (
    CommitmentEventRefused,
    CommitmentNotFound,
    CommitmentNotOpen,
)
from .repository import CommitmentFilters
from .rules import Kind, State
from .schemas import (
    CommitmentDecisionIn,
    CommitmentIn,
    CommitmentStatementIn,
    CommitmentView,
    PublicCommitmentEntry,
    VerificationIn,
)

__all__ = ["PUBLIC", "public_router", "router"]

PUBLIC = frozenset({"GET /api/v1/credit/public/commitments"})
public_router = ServiceRouter(prefix="/api/v1/credit/public", tags=["public"])
router = ServiceRouter(prefix="/api/v1/credit/commitments", tags=["commitments"])


@router.post(
    "",
    status_code=201,
    responses=declare(SubjectNotFound, CommitmentNotOpen, Forbidden),
    summary="Put a commitment on record",
)
async def give_commitment(
    body: CommitmentIn, actor: Giver, commitments: CommitmentServiceDep
) -> CommitmentView:
    return await commitments.give(actor, body)


@router.get("", summary="Commitments, the newest first")
async def list_commitments(
    actor: Reader,
    commitments: CommitmentServiceDep,
    subject_id: UUID | None = None,
    state: State | None = None,
    kind: Kind | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[CommitmentView]:
    return await commitments.search(actor, CommitmentFilters(subject_id, state, kind), cursor, limit)


@router.get("/{commitment_id}", responses=declare(CommitmentNotFound), summary="A commitment with its steps")
async def get_commitment(
    commitment_id: UUID, actor: Reader, commitments: CommitmentServiceDep
) -> CommitmentView:
    return await commitments.get(actor, commitment_id)


@router.post(
    "/{commitment_id}/verify",
    responses=declare(CommitmentNotFound, CommitmentEventRefused),
    summary="Record whether a commitment was kept or broken, with evidence",
)
async def verify_commitment(
    commitment_id: UUID, body: VerificationIn, actor: Writer, commitments: CommitmentServiceDep
) -> CommitmentView:
    return await commitments.verify(actor, commitment_id, body)


@router.post(
    "/{commitment_id}/statement",
    responses=declare(
        CommitmentNotFound,
        CommitmentEventRefused,
        SecondPersonNeeded,
        StatementTooLate,
        Forbidden,
    ),
    summary="The subject's statement on a breach; an officer who did not find it enters a written one",
)
async def state_on_commitment(
    commitment_id: UUID, body: CommitmentStatementIn, actor: Giver, commitments: CommitmentServiceDep
) -> CommitmentView:
    return await commitments.state(actor, commitment_id, body)


@router.post(
    "/{commitment_id}/decide",
    responses=declare(CommitmentNotFound, CommitmentEventRefused, SecondPersonNeeded, HearingSkipped),
    summary="Confirm the finding of another person, which makes it a fact, or send it back; never unheard",
)
async def decide_commitment(
    commitment_id: UUID, body: CommitmentDecisionIn, actor: Decider, commitments: CommitmentServiceDep
) -> CommitmentView:
    return await commitments.decide(actor, commitment_id, body)


@public_router.get("/commitments", summary="Commitments given to be shown, for anyone")
async def list_public_commitments(
    commitments: PublicCommitmentsDep,
    region: Annotated[str | None, Query(pattern="^[0-9]{6}$")] = None,
    kind: Kind | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[PublicCommitmentEntry]:
    return await commitments.page(region, kind, cursor, limit)
