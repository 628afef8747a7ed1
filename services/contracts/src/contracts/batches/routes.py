"""The batch route: NDJSON in, NDJSON out."""

from contextlib import suppress
from typing import Annotated

from common.auth import Principal
from common.problems import InvalidPayload, Text, UnsupportedMediaType, declare
from common.web import ClockDep, KeyringDep, LanguageDep, Requires, ServiceRouter, field_errors
from common.web.body import strict_json
from common.web.log import LogDep
from fastapi import Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from contracts.batches.service import Batch
from contracts.catalogue.dependencies import LibraryDep
from contracts.registrations.dependencies import SettingsDep
from contracts.registrations.presenting import registered
from contracts.registrations.service import Registrar

__all__ = ["router"]

NDJSON = "application/x-ndjson"
router = ServiceRouter(prefix="/api/v1/contracts", tags=["contracts"], idempotent=False)


class Conversation(StreamingResponse):
    """An answer that is written while the request is still being read.

    The base class listens for the client's leaving in a task of its own, which would swallow the body.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):
            await self.stream_response(send)


Submitter = Annotated[Principal, Depends(Requires("contracts:submit"))]


@router.post(
    "/contracts:batch",
    summary="Register many contracts, one JSON document a line; one answer a line, in order",
    description=(
        "Each line is a transaction of its own and answered after its commit; a bad line never loses a good "
        "one. Read the answer while sending: the service reads no further than you do. Sending a line again "
        "gives the same answer, so after a broken connection the whole batch may be sent anew."
    ),
    response_class=StreamingResponse,
    responses={
        200: {"description": "One answer a line: line, status, result or problem", "content": {NDJSON: {}}},
        **declare(UnsupportedMediaType),
    },
    openapi_extra={"requestBody": {"required": True, "content": {NDJSON: {"schema": {"type": "string"}}}}},
)
async def post_batch(
    request: Request,
    submitter: Submitter,
    library: LibraryDep,
    keyring: KeyringDep,
    log: LogDep,
    clock: ClockDep,
    settings: SettingsDep,
    language: LanguageDep,
) -> Conversation:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind not in {NDJSON, "application/ndjson", "application/jsonl"}:
        raise UnsupportedMediaType(Text(f"请求体须为 {NDJSON}", f"The body must be {NDJSON}"))
    request.scope["tourtrust.body_limit"] = settings.max_batch_bytes

    def registrar(session: AsyncSession) -> Registrar:
        return Registrar(session, library, keyring, log, clock)

    def invalid(error: ValidationError) -> InvalidPayload:
        return InvalidPayload(field_errors(error.errors()))

    batch = Batch(
        database=request.app.state.db,
        principal=submitter,
        language=language,
        line_limit=settings.max_body_bytes,
        parse=strict_json,
        invalid=invalid,
        registrar=registrar,
        answer=lambda outcome: registered(outcome, settings.verify_url(outcome.contract_no), language),
    )
    return Conversation(batch.answers(request.stream()), media_type=NDJSON)
