"""How a chunk of checked rows takes effect: all of it or nothing, with the cursor, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.crypto import Keyring
from common.db import new_id
from common.events import NewEvent, publish_many
from common.ledger import append_many
from common.problems import FieldError, InvalidPayload, Problem, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.intake.service import IntakeService
from credit.publishing import SERVICE, subject_data
from credit.scoring.grading import as_stored, keep_result, known_until
from credit.scoring.models import PublishedGrade
from credit.scoring.publication import entry_of, grade_changed_data, grade_columns
from credit.scoring.rules.cards import CardBook
from credit.scoring.rules.causes import Cause
from credit.scoring.rules.newcomers import Newcomers
from credit.scoring.service import ScoringService
from credit.subjects.models import Subject
from credit.subjects.personal import name_columns, person_columns
from credit.subjects.repository import SubjectRepository
from credit.subjects.rules import Status
from credit.subjects.schemas import SubjectPatch
from credit.subjects.service import SubjectService

from .matching import Known, differences
from .repository import Identities, ImportRepository, RowResult
from .rules import Mode, Outcome
from .validating import Wanted

__all__ = ["Applier", "Staged", "error_data"]

NOT_YOURS = Text("不在您的管辖范围", "Not in your regions")
NOT_FOUND = Text("未找到，或不在您的管辖范围", "Not found, or not in your regions")
NOT_FREE = Text(
    "该代码、许可证号或身份证号不能在您的管辖范围内登记",
    "This key, licence or ID number cannot be registered in your regions",
)
EXISTS = Text("已登记（本次只新增）", "Registered already (this import only registers new ones)")
OTHER_KIND = Text("已登记为其他类别", "Registered already as another kind")
AMBIGUOUS = Text("对应多个已登记主体", "It fits more than one registered subject")
NO_SUCH_ID = Text(
    "没有此编号的主体，或不在您的管辖范围；新登记的主体不填编号",
    "No subject of this id, or not in your regions; leave it empty to register a new one",
)
NAMESAKE = Text(
    "已有同名自然人登记；请填写编号或身份证号，以免改动他人信息",
    "Somebody of this name is registered; give the id or ID number, so that nobody else is changed",
)
NEEDED = Text("新登记的主体必填", "A new subject needs this")
_DEFAULTS = {
    name: None if field.is_required() else field.get_default(call_default_factory=True)
    for name, field in Subject.model_fields.items()
}
_GIVEN = ("kind", "key", "license_no", "region", "level", "licensed_on", "license_expires_on", "headcount")


@dataclass(frozen=True, slots=True)
class Staged:
    """A row on its way: its number and what it asks for."""

    row_no: int
    wanted: Wanted


def error_data(error: FieldError) -> dict[str, Any]:
    """A reason as staged: in both languages, so the report speaks the reader's."""
    return {"field": error.pointer, "zh": error.detail.zh, "en": error.detail.en}


class Applier:
    """Applies chunks for the officer who brought the file, by the rules of `SubjectService`."""

    def __init__(self, session: AsyncSession, env: Environment, actor: Principal, mode: Mode) -> None:
        self._session, self._env, self._actor, self._mode = session, env, actor, mode
        self._repository = ImportRepository(session)

    async def apply(self, rows: Sequence[Staged], *, dry_run: bool) -> list[RowResult]:
        """Apply rows and say what became of each; a dry run does the same and takes all of it back."""
        if not dry_run:
            return await self._apply(rows)
        trial = await self._session.begin_nested()
        try:
            results = await self._apply(rows)
        finally:
            await trial.rollback()
        return [replace(one, subject_id=None) if one.outcome == Outcome.CREATED else one for one in results]

    async def _apply(self, rows: Sequence[Staged]) -> list[RowResult]:
        """New subjects are written, graded and announced in bulk; changes go through `SubjectService`."""
        identities = _identities(rows, self._env.keyring)
        known = Known(await self._repository.known(self._actor, identities), self._env.keyring)
        taken = await self._repository.taken(identities)
        results: list[RowResult] = []
        fresh: list[tuple[Staged, Any]] = []
        now = self._env.clock.now()
        for row in rows:
            wanted, matches = row.wanted, known.of(row.wanted)
            merged = known.merged(wanted)
            if len(matches) > 1:
                results.append(_refused(row, "", AMBIGUOUS))
            elif merged is not None and (not matches or merged.id == wanted.id):
                results.append(await self._on_merged(row, merged))
            elif wanted.id is not None and [one.id for one in matches] != [wanted.id]:
                results.append(_refused(row, "id", NO_SUCH_ID))
            elif matches:
                results.append(await self._on_known(row, matches[0]))
            elif refusal := self._refusal(wanted, taken):
                results.append(_refused(row, *refusal))
            elif twins := known.twins(wanted):
                results.append(_twin(row, twins))
            else:
                fresh.append((row, self._subject(wanted, now)))
        await self._register([subject for _, subject in fresh], now)
        results += [RowResult(row.row_no, Outcome.CREATED, subject.id, []) for row, subject in fresh]
        return results

    async def _on_merged(self, row: Staged, merged: Subject) -> RowResult:
        """A subject that is another now is neither changed nor registered anew; its survivor is named."""
        survivor = await SubjectRepository(self._session).survivor_of(merged.id)
        why = Text(
            f"该主体已并入 {survivor}，请对该主体办理", f"It was merged into {survivor}: act on that one"
        )
        field = "id" if row.wanted.id is not None else "key" if row.wanted.key is not None else ""
        return replace(_refused(row, field, why), subject_id=survivor)

    def _refusal(self, wanted: Wanted, taken: set[str]) -> tuple[str, Text] | None:
        """Why a row that fits nobody known to the caller makes no new subject, as (field, reason)."""
        if self._mode is Mode.UPDATE:
            return "", NOT_FOUND
        if wanted.region is not None and not self._actor.covers(wanted.region):
            return "region", NOT_YOURS
        if (lacking := wanted.lacks()) is not None:
            return lacking, NEEDED
        index = _index(wanted.id_number, self._env.keyring) if wanted.kind == "natural_person" else None
        for field, value in (("key", wanted.key), ("license_no", wanted.license_no), ("id_number", index)):
            if value is not None and f"{field}:{value}" in taken:
                return field, NOT_FREE
        return None

    async def _on_known(self, row: Staged, subject: Subject) -> RowResult:
        wanted = row.wanted
        if subject.kind != wanted.kind:
            return _refused(row, "kind", OTHER_KIND)
        if self._mode is Mode.CREATE:
            return _refused(row, "", EXISTS)
        if wanted.region is not None and not self._actor.covers(wanted.region):
            return _refused(row, "region", NOT_YOURS)
        changes = differences(subject, wanted, self._env.keyring)
        if not changes:
            return RowResult(row.row_no, Outcome.UNCHANGED, subject.id, [])
        subject_id = subject.id
        if wanted.person and wanted.named_only:
            return replace(_refused(row, "name", NAMESAKE), subject_id=subject_id)
        try:
            async with self._session.begin_nested():
                await SubjectService(self._session, self._env).change(
                    self._actor, subject_id, subject.version, SubjectPatch.model_validate(changes)
                )
        except Problem as problem:
            return RowResult(row.row_no, Outcome.REFUSED, subject_id, _reasons(problem))
        return RowResult(row.row_no, Outcome.UPDATED, subject_id, [])

    def _subject(self, wanted: Wanted, now: datetime) -> Any:
        """The row of a new subject, as light as can be: thousands are made, and COPY takes plain values."""
        keyring, person = self._env.keyring, wanted.personal
        return SimpleNamespace(
            **_DEFAULTS
            | {name: getattr(wanted, name) for name in _GIVEN}
            | {
                "id": new_id(),
                "business_scope": wanted.business_scope or [],
                "status": wanted.status or Status.ACTIVE,
                "created_at": now,
                "updated_at": now,
                "last_recorded_at": now,
            }
            | name_columns(wanted.kind, wanted.key, wanted.name or "", keyring)
            | (person_columns(person, keyring, china_date(now)) if person else {})
        )

    async def _register(self, subjects: list[Any], now: datetime) -> None:
        """Write new subjects with their first grades and events, then apply what waited for their keys."""
        if not subjects:
            return
        book = await ScoringService(self._session, self._env).cards()
        events: list[NewEvent] = []
        grades: list[Any] = []
        newcomers = Newcomers(china_date(now))
        for subject in subjects:
            grade = _first_grade(subject, book, newcomers, now)
            events.append(
                NewEvent("subject_registered", subject.id, subject.version, subject_data(subject), now)
            )
            if grade is not None:
                grades.append(grade)
                subject.version += 1
                data = grade_changed_data(subject, grade, None, None)
                events.append(NewEvent("grade_changed", subject.id, subject.version, data, now))
        await self._repository.copy(Subject, subjects)
        await self._repository.copy(PublishedGrade, grades)
        await append_many(
            self._session, log=self._env.log, entries=[entry_of(grade) for grade in grades], now=now
        )
        await publish_many(self._session, service=SERVICE, events=events)
        await self._settle({subject.key: subject.id for subject in subjects if subject.key})

    async def _settle(self, ids: dict[str, UUID]) -> None:
        """Apply events that waited for the keys; these are locked after the rows stand, as by `register`."""
        if not ids:
            return
        await self._repository.lock_keys(sorted(ids))
        for key in sorted(await self._repository.awaited(sorted(ids))):
            found = await self._repository.known(self._actor, Identities(ids={ids[key]}))
            for subject in found:
                await IntakeService(self._session, self._env).settle(subject)


def _first_grade(subject: Any, book: CardBook, newcomers: Newcomers, now: datetime) -> Any:
    """Grade a subject without facts, in place; gives the row of history, None when no card grades it."""
    today, moment = china_date(now), known_until(subject, book)
    schedule = book.at(moment).schedule(subject.kind, subject.region, today)
    if schedule is None:
        return None
    result = newcomers.score(as_stored(subject), moment, schedule)
    keep_result(subject, result, schedule, today)
    if result.grade is None:
        return None
    subject.grade_version = 1
    return SimpleNamespace(**grade_columns(subject.id, 1, result, Cause.FIRST, None, now))


def _identities(rows: Sequence[Staged], keyring: Keyring) -> Identities:
    found = Identities()
    for row in rows:
        Known.describe(row.wanted, found, keyring)
    return found


def _index(number: str | None, keyring: Keyring) -> str | None:
    return None if number is None else Known.id_index(number, keyring)


def _refused(row: Staged, field: str, why: Text) -> RowResult:
    return RowResult(row.row_no, Outcome.REFUSED, None, [error_data(FieldError(field, why))])


def _twin(row: Staged, twins: Sequence[Subject]) -> RowResult:
    """The row may mean somebody who was registered without its key or licence: a person has to say."""
    names = ", ".join(str(one.id) for one in twins)
    why = Text(
        f"与已登记、尚无此代码或许可证号的主体 {names} 类别、地区、名称相同；"
        "系同一主体的，请在编号列填写其编号",
        f"Of the same kind, region and name as {names}, registered without this key or licence;"
        " if it is the same, name it in the column id",
    )
    return replace(_refused(row, "id", why), subject_id=twins[0].id if len(twins) == 1 else None)


def _reasons(problem: Problem) -> list[dict[str, Any]]:
    if isinstance(problem, InvalidPayload) and (errors := problem.extensions.get("errors")):
        return [error_data(FieldError(one.pointer.removeprefix("/"), one.detail)) for one in errors]
    field = problem.extensions.get("field", "")
    return [error_data(FieldError(field, problem.detail or problem.title))]
