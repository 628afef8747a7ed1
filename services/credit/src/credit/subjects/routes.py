"""Routes of subjects."""

from typing import Annotated
from uuid import UUID

from common.pagination import Page
from common.problems import PreconditionFailed, PreconditionRequired, SecondPersonNeeded, declare
from common.web import CursorParam, ExpectedVersion, LimitParam, ServiceRouter, etag
from fastapi import Query, Response

from .dependencies import (
    Decider,
    Insider,
    KeyServiceDep,
    MergeServiceDep,
    Reader,
    Revealer,
    SubjectServiceDep,
    TraceServiceDep,
    Writer,
)
from .errors import (
    KeyCorrectionNotFound,
    KeyCorrectionRefused,
    KeyFixed,
    MergeRefused,
    SubjectExists,
    SubjectMerged,
    SubjectNotFound,
    TraceNotFound,
)
from .repository import Filters
from .rules import Kind
from .schemas import (
    KeyCorrectionIn,
    KeyCorrectionView,
    KeyDecisionIn,
    MergeIn,
    MergerView,
    PersonRevealed,
    RevealIn,
    SubjectIn,
    SubjectPatch,
    SubjectView,
    TraceIn,
    TraceView,
    UnmergeIn,
)

__all__ = ["reveal_router", "router"]

router = ServiceRouter(prefix="/api/v1/credit/subjects", tags=["subjects"])
reveal_router = ServiceRouter(prefix="/api/v1/credit/subjects", tags=["subjects"], idempotent=False)


def _answer(view: SubjectView, status: int = 200) -> Response:
    headers = {"ETag": etag(view.version)}
    if status == 201:
        headers["Location"] = f"/api/v1/credit/subjects/{view.id}"
    return Response(view.model_dump_json(), status, headers, "application/json")


@router.post(
    "",
    status_code=201,
    response_model=SubjectView,
    responses=declare(SubjectNotFound, SubjectExists),
    summary="Register a subject",
)
async def register_subject(body: SubjectIn, actor: Writer, subjects: SubjectServiceDep) -> Response:
    return _answer(subjects.view(actor, await subjects.register(actor, body)), 201)


@router.get("", summary="Find subjects by name, identifier, kind, region or grade")
async def list_subjects(
    actor: Reader,
    subjects: SubjectServiceDep,
    q: Annotated[str | None, Query(min_length=1, max_length=100, description="name or identifier")] = None,
    key: Annotated[str | None, Query(max_length=24, description="USCC or guide card, exact")] = None,
    kind: Kind | None = None,
    region: Annotated[str | None, Query(pattern=r"^[0-9]{6}$")] = None,
    grade: Annotated[str | None, Query(max_length=16)] = None,
    cursor: CursorParam = None,
    limit: LimitParam = 20,
) -> Page[SubjectView]:
    return await subjects.search(actor, Filters(q, key, kind, region, grade), cursor, limit)


@router.get(
    "/{subject_id}",
    response_model=SubjectView,
    responses=declare(SubjectNotFound),
    summary="A subject with its present grade",
)
async def get_subject(subject_id: UUID, actor: Reader, subjects: SubjectServiceDep) -> Response:
    return _answer(subjects.view(actor, await subjects.get(actor, subject_id)))


@router.patch(
    "/{subject_id}",
    response_model=SubjectView,
    responses=declare(
        SubjectNotFound, SubjectExists, SubjectMerged, KeyFixed, PreconditionRequired, PreconditionFailed
    ),
    summary="Change a subject at the version named by If-Match",
    description="A subject that has no key gets one here, once; a wrong one is corrected by two people.",
)
async def change_subject(
    subject_id: UUID,
    body: SubjectPatch,
    expected: ExpectedVersion,
    actor: Writer,
    subjects: SubjectServiceDep,
) -> Response:
    return _answer(subjects.view(actor, await subjects.change(actor, subject_id, expected, body)))


@router.post(
    "/{subject_id}/merge",
    response_model=SubjectView,
    responses=declare(SubjectNotFound, SubjectMerged, MergeRefused, PreconditionRequired, PreconditionFailed),
    summary="Say that a subject is another one; its facts count for that one from now on",
    description=(
        "A provisional subject turns out to be anybody, a person a person or guide; and a record without "
        "key and licence can be another of its kind, registered twice."
    ),
)
async def merge_subject(
    subject_id: UUID,
    body: MergeIn,
    expected: ExpectedVersion,
    actor: Writer,
    merging: MergeServiceDep,
    subjects: SubjectServiceDep,
) -> Response:
    return _answer(subjects.view(actor, await merging.merge(actor, subject_id, expected, body)))


@router.post(
    "/{subject_id}/unmerge",
    response_model=SubjectView,
    responses=declare(SubjectNotFound, MergeRefused, PreconditionRequired, PreconditionFailed),
    summary="Correct a merger: what it gave the survivor is revoked",
)
async def unmerge_subject(
    subject_id: UUID,
    body: UnmergeIn,
    expected: ExpectedVersion,
    actor: Writer,
    merging: MergeServiceDep,
    subjects: SubjectServiceDep,
) -> Response:
    return _answer(subjects.view(actor, await merging.unmerge(actor, subject_id, expected, body)))


@router.get(
    "/{subject_id}/mergers",
    responses=declare(SubjectNotFound),
    summary="How a subject was merged and unmerged",
)
async def list_mergers(subject_id: UUID, actor: Insider, merging: MergeServiceDep) -> Page[MergerView]:
    return Page(items=await merging.mergers(actor, subject_id), next_cursor=None)


@router.post(
    "/{subject_id}/key-corrections",
    status_code=201,
    responses=declare(SubjectNotFound, SubjectMerged, SubjectExists, KeyCorrectionRefused),
    summary="Propose the right key of a subject that was registered with a wrong one",
)
async def propose_key(
    subject_id: UUID, body: KeyCorrectionIn, actor: Writer, keys: KeyServiceDep
) -> KeyCorrectionView:
    return await keys.propose(actor, subject_id, body)


@router.get(
    "/{subject_id}/key-corrections",
    responses=declare(SubjectNotFound),
    summary="How the key of a subject was corrected",
)
async def list_key_corrections(
    subject_id: UUID, actor: Insider, keys: KeyServiceDep
) -> Page[KeyCorrectionView]:
    return Page(items=await keys.list_of(actor, subject_id), next_cursor=None)


@router.post(
    "/{subject_id}/key-corrections/{correction_id}/confirm",
    responses=declare(
        SubjectNotFound,
        SubjectMerged,
        SubjectExists,
        KeyCorrectionNotFound,
        KeyCorrectionRefused,
        SecondPersonNeeded,
    ),
    summary="Confirm a correction as a second person: the subject has the right key from now on",
)
async def confirm_key(
    subject_id: UUID, correction_id: UUID, body: KeyDecisionIn, actor: Decider, keys: KeyServiceDep
) -> KeyCorrectionView:
    return await keys.confirm(actor, subject_id, correction_id, body)


@router.post(
    "/{subject_id}/key-corrections/{correction_id}/refuse",
    responses=declare(SubjectNotFound, SubjectMerged, KeyCorrectionNotFound, KeyCorrectionRefused),
    summary="Refuse a correction: the key stays",
)
async def refuse_key(
    subject_id: UUID, correction_id: UUID, body: KeyDecisionIn, actor: Decider, keys: KeyServiceDep
) -> KeyCorrectionView:
    return await keys.refuse(actor, subject_id, correction_id, body)


@router.post(
    "/{subject_id}/traces",
    status_code=201,
    responses=declare(SubjectNotFound, SubjectMerged),
    summary="Keep a name, number or account under which somebody without a licence works",
)
async def add_trace(subject_id: UUID, body: TraceIn, actor: Writer, tracing: TraceServiceDep) -> TraceView:
    return await tracing.add(actor, subject_id, body)


@router.get("/{subject_id}/traces", responses=declare(SubjectNotFound), summary="Traces of a subject, masked")
async def list_traces(subject_id: UUID, actor: Insider, tracing: TraceServiceDep) -> Page[TraceView]:
    return Page(items=await tracing.list_of(actor, subject_id), next_cursor=None)


@router.delete(
    "/{subject_id}/traces/{trace_id}",
    status_code=204,
    responses=declare(SubjectNotFound, TraceNotFound, SubjectMerged),
    summary="Take a wrong trace away",
)
async def remove_trace(subject_id: UUID, trace_id: UUID, actor: Writer, tracing: TraceServiceDep) -> None:
    await tracing.remove(actor, subject_id, trace_id)


@reveal_router.post(
    "/{subject_id}/reveals",
    responses=declare(SubjectNotFound),
    summary="Read a natural person's data in the clear; who and why is audited",
)
async def reveal_person(
    subject_id: UUID, body: RevealIn, actor: Revealer, subjects: SubjectServiceDep
) -> PersonRevealed:
    return await subjects.reveal(actor, subject_id, body.purpose)
