"""Registering line by line: each line its own transaction, answered after its commit."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from common.auth import Principal
from common.db import Database
from common.problems import MalformedBody, PayloadTooLarge, Problem, Text, Unavailable
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.batches.rules import Lines
from contracts.batches.schemas import LineAnswer
from contracts.documents.schemas import Submission
from contracts.registrations.errors import ContractRefused
from contracts.registrations.schemas import Registered
from contracts.registrations.service import Filing, Refusal, Registrar, Registration

__all__ = ["Batch"]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of one platform.

    `parse` reads one line strictly and `invalid` makes a problem of a schema error; both belong to the HTTP
    edge. `registrar` builds the use case for a session, `answer` its answer.
    """

    database: Database
    principal: Principal
    language: str
    line_limit: int
    parse: Callable[[bytes], Any]
    invalid: Callable[[ValidationError], Problem]
    registrar: Callable[[AsyncSession], Registrar]
    answer: Callable[[Registration], Registered]

    async def answers(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """One answer line for each line that is not empty, in their order.

        A line is read only when the answer to the one before has been taken: who does not read is not read.
        """
        lines, number = Lines(self.line_limit), 0
        try:
            async for chunk in chunks:
                for line in lines.feed(chunk):
                    number += 1
                    if line != b"":
                        yield await self._answer(number, line)
        except PayloadTooLarge as error:
            yield self._problem(number + 1, error)
            return
        for line in lines.end():
            yield await self._answer(number + 1, line)

    async def _answer(self, number: int, line: bytes | None) -> bytes:
        try:
            if line is None:
                raise PayloadTooLarge(Text("该行过大", "The line is too large"))
            outcome = await self._register(line)
        except Problem as error:
            return self._problem(number, error)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("batch_line_failed", kind=type(error).__name__)
            return self._problem(number, Unavailable())
        if isinstance(outcome, Refusal):
            return self._problem(number, ContractRefused(outcome.findings, self.language))
        return _encoded(LineAnswer(line=number, status=201, result=self.answer(outcome)))

    async def _register(self, line: bytes) -> Registration | Refusal:
        content = self.parse(line)
        if not isinstance(content, dict):
            raise MalformedBody(Text("每行须为一个 JSON 对象", "Each line must be one JSON object"))
        try:
            document = Submission.model_validate(content)
        except ValidationError as error:
            raise self.invalid(error) from error
        filing = Filing.of(document, content)
        async with self.database.session() as session:
            return await self.registrar(session).submit(filing, self.principal)

    def _problem(self, number: int, problem: Problem) -> bytes:
        return _encoded(LineAnswer(line=number, status=problem.status, problem=problem.body(self.language)))


def _encoded(answer: LineAnswer) -> bytes:
    content = answer.model_dump(mode="json", exclude_none=False)
    return (
        json.dumps(
            {name: value for name, value in content.items() if value is not None}, ensure_ascii=False
        ).encode()
        + b"\n"
    )
