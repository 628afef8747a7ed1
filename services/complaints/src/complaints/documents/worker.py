"""The worker that makes ordered papers beside the requests, one transaction for each."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, Protocol

import structlog
import typst
from common.clock import Clock
from common.crypto import DecryptionFailed, Keyring
from common.db import Database
from common.telemetry import ALERTS
from common.typesetting import Typesetter

from complaints.documents.models import Document
from complaints.documents.rendering import TEMPLATES, template_hash
from complaints.documents.repository import DocumentRepository
from complaints.documents.rules import MAX_ATTEMPTS, Kind
from complaints.documents.service import content_context, data_context

__all__ = ["Worker", "document_part"]

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.5


class Application(Protocol):
    """What is needed of the application: its `state` with db, keyring, clock and readiness."""

    @property
    def state(self) -> Any: ...


class Worker:
    """Makes papers. Any number of workers, in any number of processes, share one table."""

    def __init__(self, database: Database, keyring: Keyring, clock: Clock, typesetter: Typesetter) -> None:
        self._db, self._keys, self._clock, self._typesetter = database, keyring, clock, typesetter

    async def work(self) -> bool:
        """Make the paper that waits longest; False when none is due.

        Claiming and keeping are two short transactions, so nothing is held while Typst works. An attempt
        that fails is made again after a pause; the last failure raises an alert and leaves the paper to a
        person.
        """
        async with self._db.session() as session:
            document = await DocumentRepository(session).claim()
        if document is None:
            return False
        if document.attempts > MAX_ATTEMPTS:
            await self._give_up(document, "the process died over it")
            return True
        try:
            pdf = await asyncio.to_thread(self._make, document)
        except (typst.TypstError, DecryptionFailed, ValueError, OSError) as error:
            log.warning(
                "document_not_made",
                document=str(document.id),
                kind=document.kind,
                attempt=document.attempts,
                reason=type(error).__name__,
            )
            if document.attempts >= MAX_ATTEMPTS:
                await self._give_up(document, type(error).__name__)
            return True
        token = self._keys.encrypt(b64encode(pdf).decode("ascii"), context=content_context(document.id))
        async with self._db.session() as session:
            await DocumentRepository(session).store(
                document.id,
                content=token.encode("ascii"),
                sha256=sha256(pdf).hexdigest(),
                size=len(pdf),
                template_sha256=template_hash(Kind(document.kind)),
                now=self._clock.now(),
            )
        return True

    async def failed(self) -> int:
        """How many papers wait for a person."""
        async with self._db.session() as session:
            return await DocumentRepository(session).failed()

    def _make(self, document: Document) -> bytes:
        data = json.loads(self._keys.decrypt(document.data_cipher, context=data_context(document.id)))
        return self._typesetter.pdf(Kind(document.kind), data, document.ordered_at)

    async def _give_up(self, document: Document, reason: str) -> None:
        async with self._db.session() as session:
            if not await DocumentRepository(session).give_up(document.id):
                return
        ALERTS.labels(service="complaints", alert="document-failed").inc()
        log.error("document_failed", document=str(document.id), kind=document.kind, reason=reason)


@asynccontextmanager
async def document_part(app: Application) -> AsyncIterator[None]:
    """The lifespan part that makes papers until the service stops; `/readyz` names what it lacks."""
    state = app.state
    trouble: str | None = None

    async def run() -> None:
        nonlocal trouble
        typesetter = await asyncio.to_thread(Typesetter, TEMPLATES)
        worker = Worker(state.db, state.keyring, state.clock, typesetter)
        while True:
            try:
                while await worker.work():
                    pass
                failed = await worker.failed()
                trouble = f"{failed} documents could not be made" if failed else None
            except Exception as error:  # a worker that dies of a lost connection makes no more papers
                trouble = f"documents wait to be made ({type(error).__name__})"
                log.warning("documents_interrupted", reason=type(error).__name__)
            await asyncio.sleep(POLL_SECONDS)

    async def lack() -> str | None:
        return trouble

    state.readiness["documents"] = lack
    task = asyncio.create_task(run(), name="documents of complaints")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
