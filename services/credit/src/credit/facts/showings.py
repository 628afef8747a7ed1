"""What others are told of facts: the feed of changes and, through it, other systems.

Others are told of a fact once it is shown, and of its end once it is not: by its own change
(`fact_recorded`), by the repair that names it, or by `fact_withdrawn` where something else took it away, be
it an act of its procedure, a closing fact, or the calendar. What they hold of each fact stands in
`fact_showings`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.clock import china_date
from common.events import NewEvent, publish_many
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.publishing import SERVICE
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .catalogue import Catalogue
from .kinds import SourceKind
from .models import Fact, Showing
from .repository import FactRepository
from .rules import REPAIRED, Action, FactVersion, Hidden, known, repaired_fact
from .views import Look, as_version, look_at

__all__ = ["RECORDED", "WITHDRAWN", "Showings"]

RECORDED, WITHDRAWN = "fact_recorded", "fact_withdrawn"
_PROCEDURES = frozenset({SourceKind.INSPECTION, SourceKind.HONOUR, SourceKind.LISTING, SourceKind.MERGE})
"""Sources whose facts may be kept back, or repeat one that is."""


@dataclass
class _Picture:
    """How others see the facts of a subject today; `before`: without the version that was just recorded."""

    env: Environment
    subject: Subject
    today: date
    versions: Sequence[FactVersion]
    kept_back: Mapping[UUID, Hidden]
    standing: dict[UUID, FactVersion] = field(init=False)

    def __post_init__(self) -> None:
        found = known(self.versions, self.subject.last_recorded_at)
        self.standing = {one.id: one for one in found}

    def of(self, fact_id: UUID) -> Look:
        """How others see a fact."""
        fact = self.standing.get(fact_id)
        if fact is None:
            return Look(None, None, Hidden.REVOKED)
        if self.subject.merged_into is not None:
            return Look(None, None, Hidden.MERGED)
        standing = list(self.standing.values())
        return look_at(self.env.rulebook, self.subject, fact, standing, self.today, self.kept_back)

    def before(self, fact: Fact) -> "_Picture":
        """The same without that version."""
        rest = [one for one in self.versions if (one.id, one.version) != (fact.id, fact.version)]
        return _Picture(self.env, self.subject, self.today, rest, self.kept_back)


class Showings:
    """Tells others what they are shown from now on, and what no longer. The subject's row is locked."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)

    async def recorded(
        self, subject: Subject, fact: Fact, now: datetime, *, first: bool = False
    ) -> list[NewEvent]:
        """Let the subject know a stored version; gives what is announced of it, and of what it shows or ends.

        `first`: nobody was told of an earlier version of this fact, as where a merger repeats it.
        """
        events, rows = await self.recorded_all([(subject, fact)], now, first=first)
        await self._facts.put_showings(rows)
        return events

    async def recorded_all(
        self, recorded: Iterable[tuple[Subject, Fact]], now: datetime, *, first: bool = False
    ) -> tuple[list[NewEvent], list[Showing]]:
        """As `recorded` for many; gives the new rows too, to be stored at once by `put_showings`."""
        today = china_date(now)
        catalogue = self._env.rulebook.catalogue(today)
        events: list[NewEvent] = []
        rows: list[Showing] = []
        for subject, fact in recorded:
            subject.last_recorded_at = max(subject.last_recorded_at, fact.recorded_at)
            if not _alone(fact, catalogue):
                events += await self._among_others(subject, fact, now, today, first=first)
                continue
            version = as_version(fact)
            look = look_at(self._env.rulebook, subject, version, [version], today, {})
            events.append(_event(subject, fact, now, look))
            if look.kind is not None and look.hidden is not Hidden.NOT_PUBLISHED:
                rows.append(_row(subject, fact.id, look, fact.version))
        return events, rows

    async def look_again(self, subject_id: UUID, suspects: Collection[UUID] = ()) -> None:
        """Tell others what has changed for them about a subject since they were told last.

        `suspects` are facts that were shown until now, though no row may say so. Whoever the subject was
        merged into is looked at too: what it repeats goes with what it repeats.
        """
        await self._session.flush()
        subject = await self._subjects.lock(subject_id, None)
        if subject is None:
            return
        await self._look(subject, suspects)
        survivor = await self._subjects.lock_survivor(subject_id)
        if survivor is not None and survivor.id != subject_id:
            await self._look(survivor, ())

    async def changing(self, after: UUID | None, limit: int) -> list[UUID]:
        """The subjects behind `after` of whom the calendar may have changed what others are shown."""
        return await self._facts.changing(china_date(self._env.clock.now()), after, limit)

    async def _look(self, subject: Subject, suspects: Collection[UUID]) -> None:
        now = self._env.clock.now()
        held = await self._facts.showings(subject.id)
        picture = await self._picture(subject, china_date(now))
        events = await self._differences(
            subject, held, picture, {one: True for one in suspects if one not in held}, now
        )
        await publish_many(self._session, service=SERVICE, events=events)
        await self._session.flush()

    async def _picture(self, subject: Subject, today: date) -> _Picture:
        versions = await self._facts.versions_of(subject.id)
        return _Picture(self._env, subject, today, versions, await self._facts.kept_back([subject.id], today))

    async def _among_others(
        self, subject: Subject, fact: Fact, now: datetime, today: date, *, first: bool
    ) -> list[NewEvent]:
        """What is announced of a version that may end others, be kept back, or follow one that was told."""
        await self._session.flush()
        held = await self._facts.showings(subject.id)
        picture = await self._picture(subject, today)
        before = picture.before(fact)
        if fact.code == REPAIRED:
            events = [self._of_repair(subject, fact, held, picture, before, now)]
            settled = {fact.id, repaired_fact(fact.payload)}
        else:
            events = self._of_itself(subject, fact, held, picture, None if first else before, now)
            settled = {fact.id}
        ends = {
            one.id: before.of(one.id).shared
            for one in picture.standing.values()
            if one.code in _closes(self._env.rulebook.catalogue(today), picture.versions, fact)
            and one.id not in held
        }
        return events + await self._differences(subject, held, picture, ends, now, settled)

    def _of_itself(
        self,
        subject: Subject,
        fact: Fact,
        held: dict[UUID, Showing],
        picture: _Picture,
        before: _Picture | None,
        now: datetime,
    ) -> list[NewEvent]:
        """The change of a fact, and its withdrawal where it is not shown any more as it is now.

        A revocation is told to whoever was told of the fact at any time: it never was.
        """
        look, row = picture.of(fact.id), held.get(fact.id)
        if row is None:
            earlier = before.of(fact.id) if before else _UNKNOWN
            if not earlier.shared and look.hidden in (Hidden.NOT_PUBLISHED, Hidden.REVOKED):
                return [_event(subject, fact, now, look)]
            row = self._new(subject, fact.id, earlier, fact.version - 1)
        was, was_public, told = row.standing, row.public, row.version is not None
        if fact.action == Action.REVOKE:
            _note(row, look, fact.version if told else None)
            return [_event(subject, fact, now, look, shared=told, public=was_public or not was)]
        events = [_event(subject, fact, now, look)]
        if was and not look.shared:
            events.append(_withdrawal(subject, _base(subject, fact), look.hidden, was_public, now))
        elif was and was_public and look.hidden is not None:
            events.append(_withdrawal(subject, _base(subject, fact), look.hidden, True, now))
        _note(row, look, fact.version if look.shared else row.version)
        return events

    def _of_repair(
        self,
        subject: Subject,
        fact: Fact,
        held: dict[UUID, Showing],
        picture: _Picture,
        before: _Picture,
        now: datetime,
    ) -> NewEvent:
        """A repair takes away the fact it names, its revocation brings that back: others are told by it."""
        repaired = repaired_fact(fact.payload)
        if repaired is None:
            return _event(subject, fact, now, _UNKNOWN)
        look, row = picture.of(repaired), held.get(repaired)
        if row is None:
            earlier = before.of(repaired)
            if not (earlier.shared or look.shared):
                return _event(subject, fact, now, look)
            row = self._new(subject, repaired, earlier, 1)
        shared, public = row.standing or look.shared, row.public or look.hidden is None
        _note(row, look, row.version or (1 if look.shared else None))
        return _event(subject, fact, now, look, shared=shared, public=public)

    async def _differences(
        self,
        subject: Subject,
        held: dict[UUID, Showing],
        picture: _Picture,
        unheld: Mapping[UUID, bool],
        now: datetime,
        settled: Collection[UUID | None] = (),
    ) -> list[NewEvent]:
        """What others are told of facts beside the one recorded; `unheld`: those without a row that stood."""
        events: list[NewEvent] = []
        for fact_id in sorted({*held, *unheld} - set(settled)):
            row, look = held.get(fact_id), picture.of(fact_id)
            was = row.standing if row is not None else unheld[fact_id]
            if row is None and was == look.shared:
                continue
            rows = await self._facts.versions(fact_id) if was != look.shared else []
            if row is None:
                row = self._new(subject, fact_id, _SHOWN if was else _UNKNOWN, rows[-1].version)
            if was and not look.shared:
                told = [one for one in rows if one.version == row.version] or rows[-1:]
                data = _base(subject, told[-1])
                events.append(_withdrawal(subject, data, look.hidden, row.public, now))
            elif look.shared and not was:
                events.append(_event(subject, rows[-1], now, look))
            _note(row, look, rows[-1].version if rows and look.shared else row.version)
        return events

    def _new(self, subject: Subject, fact_id: UUID, look: Look, version: int) -> Showing:
        """A row of a fact as it was shown until now."""
        row = _row(subject, fact_id, look, version)
        self._facts.add(row)
        return row


_UNKNOWN = Look(None, None, Hidden.NOT_PUBLISHED)
_SHOWN = Look(None, None, None)


def _alone(fact: Fact, catalogue: Catalogue) -> bool:
    """Whether a version concerns nothing that others were told before, and nothing keeps it back."""
    kind = catalogue.by_code.get(fact.code)
    return (
        fact.version == 1
        and fact.code != REPAIRED
        and fact.source_kind not in _PROCEDURES
        and not (kind is not None and kind.closes)
        and not catalogue.closing(fact.code)
    )


def _closes(catalogue: Catalogue, versions: Sequence[FactVersion], fact: Fact) -> set[str]:
    """The codes of the matters that a fact ends, or ended as it was before it was changed."""
    codes = {one.code for one in versions if one.id == fact.id}
    return {code for one in codes if one in catalogue.by_code for code in catalogue.by_code[one].closes}


def _row(subject: Subject, fact_id: UUID, look: Look, version: int | None) -> Showing:
    row = Showing(fact_id=fact_id, subject_id=subject.id, standing=False, public=False, version=version)
    _note(row, look, version if look.shared else None)
    return row


def _note(row: Showing, look: Look, version: int | None) -> None:
    row.version, row.standing = version, look.shared
    row.because = None if look.shared else str(look.hidden)
    row.public = look.hidden is None
    row.next_on = look.next_on


def _base(subject: Subject, fact: Fact) -> dict[str, Any]:
    return {
        "subject_id": str(subject.id),
        "subject_key": subject.key,
        "fact_id": str(fact.id),
        "version": fact.version,
        "action": fact.action,
        "code": fact.code,
        "occurred_on": fact.occurred_on.isoformat(),
        "source_kind": fact.source_kind,
        "region": subject.region,
    }


def _event(
    subject: Subject,
    fact: Fact,
    now: datetime,
    look: Look,
    *,
    shared: bool | None = None,
    public: bool | None = None,
) -> NewEvent:
    """The announcement of a version. `shared`: others are told of it; `public`: the public may be, too.

    A repair names in `repairs` the fact that is not to be shared any more.
    """
    data = _base(subject, fact)
    data["shared"] = look.shared if shared is None else shared
    data["public"] = look.hidden is None if public is None else public
    if fact.code == REPAIRED and "fact_id" in fact.payload:
        data["repairs"] = fact.payload["fact_id"]
    subject.version += 1
    return NewEvent(RECORDED, subject.id, subject.version, data, now)


def _withdrawal(
    subject: Subject, data: dict[str, Any], because: Hidden | None, public: bool, now: datetime
) -> NewEvent:
    """The announcement that others take a fact away. Why an honour is suspended is nothing of theirs."""
    told = Hidden.REMOVED if because is Hidden.SUSPENDED else because
    said = {"because": str(told), "withdrawn_on": china_date(now).isoformat()}
    subject.version += 1
    return NewEvent(
        WITHDRAWN, subject.id, subject.version, data | said | {"shared": True, "public": public}, now
    )
