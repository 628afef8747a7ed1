"""Use cases of evidence: keep a file, list what there is, give one back on record."""

from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from common import audit
from common.auth import Principal
from common.crypto import DataKey, DecryptionFailed
from common.db import new_id
from common.problems import FieldError, Forbidden, InvalidPayload, PayloadTooLarge, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.errors import FactNotFound
from credit.facts.repository import FactRepository
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import EvidenceNotFound, EvidenceRefused
from .models import Evidence, EvidenceChunk
from .repository import EvidenceRepository
from .rules import MAX_BYTES, media_type_of, pieces, safe_name
from .schemas import EvidenceView

__all__ = ["EvidenceService"]

FACT = "fact"
SUBJECT = "subject"
_AUTHORITIES = frozenset({"officer", "service"})
_KEY = "credit.evidence.key"
_NAME = "credit.evidence.name"

_MISSING = Text("该主体没有上传此文件", "No file of the subject with this hash was uploaded")
_NOT_SINCE = Text(
    "该主体在所针对的事项之后没有新上传此文件", "No such file of the subject is newer than what it answers"
)


class EvidenceService:
    """Files beside facts and other things of a subject, encrypted under a key of their own."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._evidence = EvidenceRepository(session)
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)

    async def attach_to_fact(
        self, actor: Principal, fact_id: UUID, name: str | None, data: bytes
    ) -> tuple[EvidenceView, bool]:
        """Keep a file about a fact; gives it and whether it is new. The same bytes again are the same file.

        Raises:
            FactNotFound: no such fact, or not the caller's.
            InvalidPayload, PayloadTooLarge, EvidenceRefused: as in `attach`.
        """
        fact = await self._facts.latest(fact_id)
        subject = None if fact is None else await self._subjects.lock(fact.subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise FactNotFound
        return await self.attach(subject, (FACT, fact_id), name, data, by=actor)

    async def attach_to_subject(
        self, actor: Principal, subject_id: UUID, name: str | None, data: bytes
    ) -> tuple[EvidenceView, bool]:
        """Keep a file of a subject, for what is to be asked with it; by its own user or an officer for it.

        Raises:
            SubjectNotFound: not the caller's to see.
            Forbidden: another caller without the scope `credit:write`.
            InvalidPayload, PayloadTooLarge, EvidenceRefused: as in `attach`.
        """
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None:
            raise SubjectNotFound
        if actor.subject_id is None and not actor.may("credit:write"):
            raise Forbidden(Text("需要权限范围 credit:write", "The scope credit:write is needed"))
        return await self.attach(subject, (SUBJECT, subject_id), name, data, by=actor)

    async def check_uploaded(
        self, subject_ids: Collection[UUID], named: Mapping[str, str], *, since: datetime | None = None
    ) -> None:
        """Refuse hashes, by their place in the payload, of which no file of these subjects is here.

        With `since` a file that was there before that instant is refused too, wherever it was brought again.

        Raises:
            InvalidPayload: naming each such place.
        """
        there = await self._evidence.hashes_of(subject_ids, named.values(), since)
        missing = [pointer for pointer, hashed in named.items() if hashed not in there]
        if missing:
            reason = _MISSING if since is None else _NOT_SINCE
            raise InvalidPayload([FieldError(pointer, reason) for pointer in missing], reason)

    async def attach(
        self, subject: Subject, about: tuple[str, UUID], name: str | None, data: bytes, *, by: Principal
    ) -> tuple[EvidenceView, bool]:
        """Keep a file about a thing of any room, whose subject's row is locked; as `attach_to_fact`.

        Raises:
            InvalidPayload: the file is empty.
            PayloadTooLarge: more than 20 MB.
            EvidenceRefused: not a document, picture, sound, film or plain text by its content.
        """
        if not data:
            raise InvalidPayload.at("/file", Text("文件为空", "The file is empty"))
        if len(data) > MAX_BYTES:
            raise PayloadTooLarge
        kind = media_type_of(data)
        if kind is None:
            raise EvidenceRefused
        hashed = sha256(data).hexdigest()
        before = await self._evidence.same(*about, hashed)
        if before is not None:
            return self.view(before), False
        key = DataKey.generate()
        row = Evidence(
            id=new_id(),
            about_kind=about[0],
            about_id=about[1],
            subject_id=subject.id,
            name_cipher=self._env.keyring.encrypt(safe_name(name), context=_NAME),
            media_type=kind,
            size=len(data),
            sha256=hashed,
            key_token=key.wrap(self._env.keyring, context=_KEY),
            uploaded_by=by.sub,
            by_subject=by.subject_id is not None,
            uploaded_at=self._env.clock.now(),
        )
        self._evidence.add(row)
        await self._session.flush()
        for number, piece in enumerate(pieces(data)):
            sealed = key.encrypt_bytes(piece, context=_place(row.id, number))
            self._evidence.add(EvidenceChunk(evidence_id=row.id, number=number, data=sealed))
        await self._session.flush()
        return self.view(row), True

    async def of_fact(self, actor: Principal, fact_id: UUID) -> list[EvidenceView]:
        """The files about a fact. Raises FactNotFound."""
        fact = await self._facts.latest(fact_id)
        subject = None if fact is None else await self._subjects.find(fact.subject_id, actor)
        if fact is None or subject is None:
            raise FactNotFound
        return await self.about((FACT, fact_id))

    async def about(self, about: tuple[str, UUID]) -> list[EvidenceView]:
        """The files about a thing that the caller was found to see."""
        return [self.view(row) for row in await self._evidence.about(*about)]

    async def read(self, actor: Principal, evidence_id: UUID) -> tuple[EvidenceView, bytes]:
        """A file in the clear, with a record of who read it.

        Evidence may name third persons: authorities of the region read it, and who brought it.

        Raises:
            EvidenceNotFound: no such file, or not the caller's to read.
            DecryptionFailed: the stored bytes are not what was stored.
        """
        row = await self._evidence.find(evidence_id, actor)
        if row is None or (actor.kind not in _AUTHORITIES and row.uploaded_by != actor.sub):
            raise EvidenceNotFound
        key = DataKey.unwrap(row.key_token, self._env.keyring, context=_KEY)
        data = b"".join(
            key.decrypt_bytes(sealed, context=_place(row.id, number))
            for number, sealed in enumerate(await self._evidence.chunks(row.id))
        )
        if sha256(data).hexdigest() != row.sha256:
            raise DecryptionFailed
        await audit.record(
            self._session,
            actor=actor,
            action="evidence.read",
            target=f"evidence:{row.id}",
            details={"about": row.about_kind, "about_id": str(row.about_id), "sha256": row.sha256},
            now=self._env.clock.now(),
        )
        return self.view(row), data

    def view(self, row: Evidence) -> EvidenceView:
        """A file as it crosses the API."""
        return EvidenceView(
            id=row.id,
            subject_id=row.subject_id,
            about=row.about_kind,
            about_id=row.about_id,
            name=self._env.keyring.decrypt(row.name_cipher, context=_NAME),
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
            uploaded_by=row.uploaded_by,
            by_subject=row.by_subject,
            uploaded_at=row.uploaded_at,
        )


def _place(evidence_id: UUID, number: int) -> str:
    return f"credit.evidence:{evidence_id}:{number}"
