"""Routes of commitments."""

from uuid import UUID

from common.pagination import Page
from common.problems import Forbidden, declare
from common.web import CursorParam, LimitParam, ServiceRouter

from credit.subjects.errors import SubjectNotFound

from .dependencies import CommitmentServiceDep, Decider, Giver, Reader, Writer
from .errors import (
    CommitmentEventRefused,
    CommitmentNeedsSecondPerson,
    CommitmentNotFound,
    CommitmentNotOpen,
)
from .repository import CommitmentFilters
from .rules import Kind, State
from .schemas import (
    CommitmentDecisionIn,
    CommitmentIn,
    CommitmentView,
    VerificationIn,
)

__all__ = ["router"]

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
    "/{commitment_id}/decide",
    responses=declare(CommitmentNotFound, CommitmentEventRefused, CommitmentNeedsSecondPerson),
    summary="Confirm the finding of another person, which makes it a fact, or send it back",
)
async def decide_commitment(
    commitment_id: UUID, body: CommitmentDecisionIn, actor: Decider, commitments: CommitmentServiceDep
) -> CommitmentView:
    return await commitments.decide(actor, commitment_id, body)
