"""The witness as a process of its own: `uvicorn --factory common.web.witness:create_app`.

It shares nothing with the services but the file of their public keys; run it elsewhere, under other hands.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from common.clock import Clock, FrozenClock, SystemClock
from common.ledger.errors import Refused
from common.ledger.note import Algorithm, VerifierKey
from common.ledger.signer import MissingKey, read_keys
from common.ledger.witness import Submission, Witness, WitnessRefusal

__all__ = ["WitnessSettings", "create_app"]

MAX_BODY = 64 * 1024


class WitnessSettings(BaseSettings):
    """`WITNESS_KEY_FILE`, `WITNESS_STATE_FILE`, `WITNESS_LOGS_FILE` (one verifier key a line)."""

    model_config = SettingsConfigDict(env_prefix="WITNESS_", frozen=True, extra="ignore")

    environment: Literal["production", "development"] = "production"
    key_file: Path
    state_file: Path
    logs_file: Path
    clock_file: Path | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.clock_file is not None and self.environment == "production":
            raise ValueError("production refuses a fixed clock: unset clock_file")
        return self


def create_app(settings: WitnessSettings | None = None) -> Starlette:
    """The witness: `POST /add-checkpoint`, `GET /healthz`, and `GET /key`, its verifier key.

    Raises:
        MissingKey: the key file holds no cosigning key.
    """
    chosen = settings or WitnessSettings()  # type: ignore[call-arg]
    signer = read_keys(chosen.key_file)[-1]
    if signer.algorithm is not Algorithm.COSIGNATURE:
        raise MissingKey(f"{chosen.key_file} holds no cosigning key")
    clock: Clock = FrozenClock(chosen.clock_file) if chosen.clock_file else SystemClock()
    one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.witness = Witness(signer, chosen.state_file)
        try:
            yield
        finally:
            app.state.witness.close()

    async def add_checkpoint(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        async with one_at_a_time:
            return await asyncio.to_thread(_judge, request.app.state.witness, chosen.logs_file, body, clock)

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def key(_: Request) -> Response:
        return PlainTextResponse(f"{signer.verifier}\n")

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/key", key),
        ],
        lifespan=lifespan,
    )


async def _body(request: Request) -> bytes | None:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return body


def _judge(witness: Witness, logs_file: Path, body: bytes, clock: Clock) -> Response:
    try:
        lines = logs_file.read_text(encoding="utf-8").split("\n")
        keys = [VerifierKey.parse(line) for line in lines if line]
    except (OSError, UnicodeDecodeError, Refused):
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE)
    try:
        return PlainTextResponse(witness.add(Submission.decode(body), keys, clock.now()))
    except Refused:
        return _answer(HTTPStatus.BAD_REQUEST)
    except WitnessRefusal as refusal:
        if refusal.seen is not None:
            return Response(f"{refusal.seen}\n", refusal.status, media_type="text/x.tlog.size")
        return _answer(refusal.status)
    except OSError:
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE)


def _answer(status: HTTPStatus) -> Response:
    return PlainTextResponse(f"{status.phrase}\n", status)
