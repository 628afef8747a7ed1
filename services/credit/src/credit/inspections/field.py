"""Use cases on the phone: the field record that survives a lost connection, its images, the visit's end."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785
from common.auth import Principal
from common.calendar import add_working_days
from common.clock import china_date
from common.problems import FieldError, InvalidPayload, PayloadTooLarge, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.evidence.rules import MAX_BYTES
from credit.evidence.schemas import EvidenceView
from credit.evidence.service import EvidenceService
from credit.inspectors.service import InspectorService
from credit.subjects.repository import SubjectRepository

from .errors import (
    InspectionConflict,
    InspectionNotFound,
    NotAnImage,
    NotAssigned,
    RecordConflict,
    RecordIncomplete,
)
from .models import Inspection, InspectionRecord
from .repository import InspectionRepository
from .rules import (
    Held,
    InspectionState,
    acts_allowed,
    dropped,
    files_of,
    judge_revision,
    lacks,
    sniff,
    stamped,
)
from .schemas import FinishIn, InspectionView, RecordIn, RecordView
from .service import ABOUT, InspectionService

__all__ = ["FieldService"]

_CONTEXT = "credit.inspection.record"


class FieldService:
    """What inspectors do on site. Entries keep the device's times beside the server's."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env = session, env
        self._inspections = InspectionRepository(session)
        self._evidence = EvidenceService(session, env)
        self._subjects = SubjectRepository(session)
        self._inspectors = InspectorService(session, env)
        self._service = InspectionService(session, env, language)

    async def put_record(
        self, actor: Principal, inspection_id: UUID, wanted: RecordIn
    ) -> tuple[RecordView, bool]:
        """Take a revision of the field record; gives the server's record and whether this one was new.

        The same revision with the same content may come any number of times.

        Raises:
            InspectionNotFound, NotAssigned: not the caller's regions, or not his visit.
            RecordConflict: it does not follow the server's revision, or another phone began another record.
            InspectionConflict: the visit is finished.
            InvalidPayload: an entry stands twice, or one that the server holds was left out.
        """
        if len({entry.id for entry in wanted.entries}) != len(wanted.entries):
            raise InvalidPayload.at("/entries", Text("记录条目编号重复", "An entry stands twice"))
        for place, one in enumerate(wanted.signatures):
            if (one.file is None) == (one.refusal is None):
                raise InvalidPayload.at(
                    f"/signatures/{place}",
                    Text("须且只须给出签名图片或拒签说明", "Give either the image or why there is none"),
                )
        visit = await self._mine(actor, inspection_id)
        content = wanted.model_dump(mode="json")
        hashed = sha256(rfc8785.dumps(content)).hexdigest()
        held = Held(visit.record_id, visit.revision, visit.record_sha256)
        verdict = judge_revision(held, wanted.record_id, wanted.revision, hashed)
        if verdict == "conflict":
            raise RecordConflict(
                record_id=str(visit.record_id) if visit.record_id else None,
                revision=visit.revision,
                sha256=visit.record_sha256,
            )
        if verdict == "accept":
            allowed = acts_allowed(InspectionState(visit.state))
            if "record" not in allowed:
                raise InspectionConflict(state=visit.state, allowed=allowed)
            lost = dropped(content["entries"], self._record(visit)["entries"])
            if lost:
                raise InvalidPayload.at(
                    "/entries",
                    Text(f"缺少已有记录条目 {lost[0]}", f"Entry {lost[0]} of the record is left out"),
                )
            await self._accept(actor, visit, content, hashed, wanted)
        return await self._view(visit), verdict == "accept"

    async def get_record(self, actor: Principal, inspection_id: UUID) -> RecordView:
        """The server's revision of the record. Raises InspectionNotFound."""
        visit = await self._inspections.find(inspection_id, actor)
        if visit is None:
            raise InspectionNotFound
        return await self._view(visit)

    async def put_file(
        self, actor: Principal, inspection_id: UUID, name: str | None, data: bytes
    ) -> tuple[EvidenceView, bool]:
        """Keep a photo or a signature, known by its hash; the same bytes again are the same file.

        Raises:
            InspectionNotFound, NotAssigned: not the caller's regions, or not his visit.
            NotAnImage, PayloadTooLarge: no image by its content, or over 20 MB.
        """
        visit = await self._inspections.find(inspection_id, actor)
        if visit is None:
            raise InspectionNotFound
        if actor.sub not in visit.inspectors:
            raise NotAssigned
        if len(data) > MAX_BYTES:
            raise PayloadTooLarge
        if sniff(data) is None:
            raise NotAnImage
        subject = await self._subjects.lock(visit.subject_id, None)
        if subject is None:
            raise InspectionNotFound
        return await self._evidence.attach(subject, (ABOUT, visit.id), name, data, by=actor)

    async def files(self, actor: Principal, inspection_id: UUID) -> list[EvidenceView]:
        """The images that are there; a phone sends only those that are not. Raises InspectionNotFound."""
        visit = await self._inspections.find(inspection_id, actor)
        if visit is None:
            raise InspectionNotFound
        return await self._evidence.about((ABOUT, visit.id))

    async def file(self, actor: Principal, inspection_id: UUID, hashed: str) -> EvidenceView:
        """The image of that hash, if it is there. Raises InspectionNotFound."""
        for one in await self.files(actor, inspection_id):
            if one.sha256 == hashed:
                return one
        raise InspectionNotFound(Text("该文件尚未上传", "That file is not there yet"))

    async def finish(self, actor: Principal, inspection_id: UUID, wanted: FinishIn) -> InspectionView:
        """End the visit with its result; the clock of publication begins.

        Raises:
            InspectionNotFound, NotAssigned, InspectionConflict: not his visit, or not under way.
            RecordIncomplete: signatures, checks or files are missing.
        """
        visit = await self._mine(actor, inspection_id)
        allowed = acts_allowed(InspectionState(visit.state))
        if "finish" not in allowed:
            raise InspectionConflict(state=visit.state, allowed=allowed)
        now = self._env.clock.now()
        today = china_date(now)
        items = self._env.rulebook.inspection_items.choose(
            "inspection-items", on=china_date(visit.created_at), region=visit.region
        ).by_code
        checks = [c.code for code in visit.items if code in items for c in items[code].checks]
        there = {one.sha256: one.uploaded_by for one in await self._evidence.about((ABOUT, visit.id))}
        missing = [
            FieldError(where, what)
            for where, what in lacks(self._record(visit), wanted.result, visit.inspectors, checks, there)
        ]
        if missing:
            raise RecordIncomplete(errors=[{"pointer": one.pointer, "detail": one.detail} for one in missing])
        policy = self._env.rulebook.inspections.choose("inspections", on=today, region=visit.region)
        due = add_working_days(today, policy.publish_within_working_days)
        visit.state, visit.result = InspectionState.FINISHED, wanted.result
        visit.finished_on, visit.finished_by = today, actor.sub
        if policy.of(wanted.result).publish:
            visit.publish_by, visit.publish_by_provisional = due.due_on, due.provisional
        visit.version += 1
        self._inspections.note(visit, "finished", wanted.note, {"result": str(wanted.result)}, actor.sub, now)
        await self._session.flush()
        return await self._service.view(visit)

    async def _accept(
        self, actor: Principal, visit: Inspection, content: dict[str, Any], hashed: str, wanted: RecordIn
    ) -> None:
        now = self._env.clock.now()
        before = self._record(visit)["entries"]
        kept = content | {"entries": stamped(content["entries"], before, _instant(now))}
        self._inspections.add(
            InspectionRecord(
                inspection_id=visit.id,
                revision=wanted.revision,
                record_id=wanted.record_id,
                content_cipher=self._sealed(content),
                sha256=hashed,
                device_at=wanted.device_at,
                received_at=now,
                sent_by=actor.sub,
            )
        )
        visit.record_id, visit.revision, visit.record_sha256 = wanted.record_id, wanted.revision, hashed
        visit.record_cipher = self._sealed(kept)
        visit.version += 1
        if visit.state == InspectionState.ASSIGNED:
            visit.state = InspectionState.IN_PROGRESS
            self._inspections.note(visit, "started", None, {}, actor.sub, now)
        await self._session.flush()

    async def _mine(self, actor: Principal, inspection_id: UUID) -> Inspection:
        visit = await self._inspections.find(inspection_id, actor, lock=True)
        if visit is None:
            raise InspectionNotFound
        today = china_date(self._env.clock.now())
        recused = await self._inspectors.recused([actor.sub], visit.subject_id, today)
        if actor.sub not in visit.inspectors or recused:
            raise NotAssigned
        return visit

    async def _view(self, visit: Inspection) -> RecordView:
        newest = await self._inspections.newest_record(visit.id)
        record = self._record(visit)
        there = {one.sha256 for one in await self._evidence.about((ABOUT, visit.id))}
        return RecordView(
            inspection_id=visit.id,
            record_id=visit.record_id,
            revision=visit.revision,
            sha256=visit.record_sha256,
            device_at=newest.device_at if newest else None,
            received_at=newest.received_at if newest else None,
            place=record["place"],
            entries=record["entries"],
            signatures=record["signatures"],
            missing_files=sorted(files_of(record) - there),
        )

    def _record(self, visit: Inspection) -> dict[str, Any]:
        if visit.record_cipher is None:
            return {"place": "", "entries": [], "signatures": []}
        found: dict[str, Any] = json.loads(self._env.keyring.decrypt(visit.record_cipher, context=_CONTEXT))
        return found

    def _sealed(self, content: dict[str, Any]) -> str:
        return self._env.keyring.encrypt(json.dumps(content, ensure_ascii=False), context=_CONTEXT)


def _instant(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
