"""Carries checkpoints to the witness, one after another, and keeps its cosignatures.

Nothing here runs inside a transaction of the sequencer: a witness that is slow or away delays cosignatures
and nothing else. A witness that remembers a larger or another tree than ours means that this database is not
the one the log was signed from (a restored backup, a copy): the log stops signing.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus

import httpx
import structlog
from sqlalchemy.exc import SQLAlchemyError

from common.db import Database
from common.ledger.checkpoint import check_cosignature
from common.ledger.errors import Reason, Refused
from common.ledger.note import SignatureLine, VerifierKey, split_note
from common.ledger.sequencing import last_cosigned, store_cosignature
from common.ledger.status import LogStatus
from common.ledger.store import consistency_proof, first_checkpoint, latest_checkpoint
from common.ledger.strict import decode_decimal
from common.ledger.witness import Submission
from common.problems import Text

__all__ = ["Conflict", "Cosigner", "LogForked", "WitnessAway", "WitnessClient"]

RETRY_SECONDS = 2.0
IDLE_SECONDS = 30.0

log = structlog.get_logger(__name__)


class WitnessAway(Exception):
    """The witness did not answer, or not as a witness does; to be tried again."""


class LogForked(Exception):
    """The witness has seen another history than ours. Nothing may be signed any more."""

    def __init__(self, detail: Text) -> None:
        super().__init__(detail.en)
        self.detail = detail


@dataclass(frozen=True)
class Conflict:
    """The witness last saw a tree of `seen` leaves."""

    seen: int


class WitnessClient:
    """`add-checkpoint` of one witness, whose key is known from elsewhere."""

    def __init__(self, url: str, key: VerifierKey, http: httpx.AsyncClient) -> None:
        self.key = key
        self._url = f"{url.rstrip('/')}/add-checkpoint"
        self._http = http

    async def add(self, submission: Submission) -> SignatureLine | Conflict:
        """The witness's verified cosignature, or what it saw instead.

        Raises:
            WitnessAway: no answer, or one that no honest witness gives.
            LogForked: it refuses the proof of consistency.
        """
        try:
            answer = await self._http.post(self._url, content=submission.encode())
        except httpx.HTTPError as error:
            raise WitnessAway(type(error).__name__) from error
        if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise LogForked(
                Text("见证方拒绝了一致性证明，日志历史不一致", "the witness refuses the proof of consistency")
            )
        try:
            if answer.status_code == HTTPStatus.CONFLICT:
                seen = answer.text.removesuffix("\n")
                return Conflict(decode_decimal(seen, reason=Reason.WRONG_SIZE))
            if answer.status_code == HTTPStatus.OK:
                return self._own_line(submission.note, answer.text)
        except Refused as error:
            raise WitnessAway(str(error)) from error
        raise WitnessAway(f"status {answer.status_code}")

    def _own_line(self, note: str, text: str) -> SignatureLine:
        body, _ = split_note(note)
        for line in map(SignatureLine.parse, text.splitlines(keepends=True)):
            if line.names(self.key):
                check_cosignature(body, line, self.key)
                return line
        raise Refused(Reason.MISSING_COSIGNATURE)


class Cosigner:
    """Brings every checkpoint to the witness in order of size, as long as this process leads the log."""

    def __init__(self, database: Database, witness: WitnessClient, status: LogStatus) -> None:
        self._database = database
        self._witness = witness
        self._status = status
        self._seen: int | None = None
        self._agreed = False
        self.wake = asyncio.Event()
        self.greeted = asyncio.Event()

    async def run(self) -> None:
        """Never returns, except when the log is found to be forked."""
        while True:
            try:
                busy = await self.advance()
                self._status.witness_lack = None
            except LogForked as fork:
                self._status.halt(fork.detail)
                self.greeted.set()
                return
            except (WitnessAway, SQLAlchemyError, OSError) as away:
                await self._wait_for_witness(away)
                continue
            self.greeted.set()
            if not busy:
                await self._pause()

    async def _wait_for_witness(self, away: Exception) -> None:
        reason = str(away) if isinstance(away, WitnessAway) else type(away).__name__
        if self._status.witness_lack is None:
            self._status.alert("ledger-not-cosigned")
            log.warning("ledger.not_cosigned", reason=reason)
        self._status.witness_lack = Text(f"未获见证方联署（{reason}）", f"the log is not cosigned ({reason})")
        await asyncio.sleep(RETRY_SECONDS)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self.wake.wait()
        except TimeoutError:
            return
        finally:
            self.wake.clear()

    async def advance(self) -> bool:
        """Bring the next checkpoint to the witness; False when it has cosigned the latest.

        The first call of a process repeats the last cosigned one, so that a database older than the
        witness's memory is noticed before anything new is signed.

        Raises:
            WitnessAway: to be tried again.
            LogForked: the witness has seen a tree that ours does not continue.
        """
        async with self._database.session() as session:
            stored = await last_cosigned(session, self._witness.key.name)
            latest = await latest_checkpoint(session)
            if latest is None:
                return False
            old = (stored or 0) if self._seen is None else self._seen
            # Until the witness has agreed, the tree that it saw is itself what must be shown to it again.
            target = await first_checkpoint(session, max(old, stored or 0) + (1 if self._agreed else 0))
            if target is None:
                return False
            proof = await consistency_proof(session, old, target.size)
        answer = await self._witness.add(Submission(old, proof, target.note))
        if isinstance(answer, Conflict):
            self._settle(answer.seen, old, target.size, latest.size)
            return True
        body, _ = split_note(target.note)
        at = check_cosignature(body, answer, self._witness.key)
        async with self._database.session() as session:
            await store_cosignature(session, target.size, self._witness.key.name, str(answer), at)
        self._seen, self._agreed = target.size, True
        return target.size < latest.size

    def _settle(self, seen: int, old: int, shown: int, latest: int) -> None:
        """Go on from what the witness saw, if our tree can hold it."""
        if seen > latest:
            raise LogForked(
                Text(
                    f"见证方已见过 {seen} 条的日志，本库只有 {latest} 条：数据库可能由旧备份恢复",
                    f"the witness has seen {seen} leaves, this database holds {latest}: a restored backup?",
                )
            )
        if seen == old == shown:
            raise LogForked(
                Text(
                    f"见证方在 {seen} 条处见过另一树根，日志已分叉",
                    f"the witness has seen another root at {seen} leaves",
                )
            )
        if seen == old:
            raise WitnessAway("it contradicts itself")
        log.info("ledger.witness_elsewhere", seen=seen, expected=old)
        self._seen, self._agreed = seen, False
