"""Reading the archive: facts as known at a moment, and the catalogue that says what they are."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from common import regions
from common.auth import Principal
from common.clock import china_date
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.policies import WHOLE_COUNTRY
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.internal import internal_codes, sees_all_of
from credit.scoring.service import moment_of
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import FactNotFound
from .models import Fact
from .repository import FactRepository
from .rules import FactVersion, known
from .schemas import CatalogueEntry, CatalogueView, FactView, InfoClass, Nature
from .views import FactViews, look_at

__all__ = ["FactReader", "seen_by"]

_AUTHORITIES = frozenset({"officer", "service"})


def seen_by(actor: Principal, subject_id: UUID, view: FactView) -> bool:
    """Whether a caller is shown a fact: an archived one by authorities and by its own subject only."""
    return not view.archived or actor.kind in _AUTHORITIES or actor.subject_id == subject_id


class FactReader:
    """What the archive answers."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._env, self._language = env, language
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)

    async def list_of(
        self,
        actor: Principal,
        subject_id: UUID,
        valid_at: date | None,
        known_at: datetime | None,
        narrowed: tuple[InfoClass | None, str | None, Nature | None],
        cursor: str | None,
        limit: int,
    ) -> Page[FactView]:
        """Facts of a subject that had occurred by `valid_at`, each as known at `known_at`, newest first.

        `narrowed` is (class, code, nature). A page may hold fewer than `limit` where archived facts are left
        out. A program of others finds what the public is shown today, as it stands now.

        Raises:
            SubjectNotFound: not the caller's to see.
            InvalidPayload: `known_at` lies in the future, the catalogue has no such code, or the cursor is
                not one of ours.
        """
        now = self._env.clock.now()
        kept = known_at is not None and sees_all_of(self._env.rulebook, actor, china_date(now))
        if kept:
            subject = await self._subjects.lock_to_read(subject_id, actor, known_at)
        else:
            subject = await self._subjects.find(subject_id, actor)
        if subject is None:
            raise SubjectNotFound
        moment, on = moment_of(subject, known_at, now), valid_at or china_date(now)
        if kept:
            self._subjects.keep_asked(subject, moment)
        info_class, code, nature = narrowed
        catalogue = self._env.rulebook.catalogue(china_date(now))
        if code is not None and code not in catalogue.by_code:
            raise InvalidPayload.at("query/code", Text("目录中没有此代码", "The catalogue has no such code"))
        codes = catalogue.codes_of(info_class, code, nature)
        public = await self._public_to(actor, subject)
        rows = await self._facts.page(subject.id, on, moment, codes, _after(cursor), limit, among=public)
        items, following = page_of(
            rows, limit, lambda row: encode_cursor(row.occurred_on.isoformat(), str(row.id))
        )
        versions = known(await self._facts.versions_of(subject.id), moment)
        view = FactViews(self._env.rulebook, self._language, subject, versions, on)
        shown = [one for one in map(view, items) if seen_by(actor, subject.id, one)]
        return Page(items=shown, next_cursor=following)

    async def find(self, actor: Principal, fact_id: UUID) -> tuple[Fact, Subject]:
        """The newest version of a fact that the caller may see. Raises FactNotFound."""
        fact = await self._facts.latest(fact_id)
        subject = None if fact is None else await self._subjects.find(fact.subject_id, actor)
        if fact is None or subject is None:
            raise FactNotFound
        public = await self._public_to(actor, subject)
        if public is not None and (fact.id, fact.version) not in public:
            raise FactNotFound
        return fact, subject

    async def history(self, actor: Principal, fact_id: UUID) -> list[FactView]:
        """All versions of a fact, the oldest first; to programs of others the one that stands.

        Raises FactNotFound.
        """
        fact, subject = await self.find(actor, fact_id)
        whole = await self._public_to(actor, subject) is None
        rows = await self._facts.versions(fact_id) if whole else [fact]
        versions = await self._facts.versions_of(subject.id)
        today = china_date(self._env.clock.now())
        view = FactViews(self._env.rulebook, self._language, subject, versions, today)
        return [one for one in map(view, rows) if seen_by(actor, subject.id, one)]

    async def view(
        self, fact: Fact, subject: Subject, standing: Sequence[FactVersion] | None = None
    ) -> FactView:
        """One fact as it crosses the API, as of today. `standing`: all that stand, where just read."""
        if standing is None:
            standing = known(await self._facts.versions_of(subject.id), subject.last_recorded_at)
        today = china_date(self._env.clock.now())
        return FactViews(self._env.rulebook, self._language, subject, standing, today)(fact)

    async def _public_to(self, actor: Principal, subject: Subject) -> set[tuple[UUID, int]] | None:
        """(fact, version) of those that others are shown, where the caller sees no others; None for all."""
        book, today = self._env.rulebook, china_date(self._env.clock.now())
        if sees_all_of(book, actor, today):
            return None
        standing = known(await self._facts.versions_of(subject.id), subject.last_recorded_at)
        kept_back = await self._facts.kept_back([subject.id], today)
        looks = [(one, look_at(book, subject, one, standing, today, kept_back)) for one in standing]
        hidden = internal_codes(book, today)
        return {
            (one.id, one.version) for one, look in looks if look.hidden is None and one.code not in hidden
        }

    def catalogue(self, on: date | None, region: str | None) -> CatalogueView:
        """The catalogue in force on a day in a region: the basic part, and supplementary ones beside it.

        Raises:
            InvalidPayload: there is no such region.
            PolicyNotInForce: no catalogue was in force on that day.
        """
        if region is not None and region != WHOLE_COUNTRY and not regions.exists(region):
            raise InvalidPayload.at(
                "query/region", Text("没有此行政区划代码", "There is no such division code")
            )
        day = on or china_date(self._env.clock.now())
        place = region or WHOLE_COUNTRY
        held = self._env.rulebook.catalogue(day, place)
        publicity = self._env.rulebook.publicity.choose("publicity", on=day, region=place)
        parts = (held.basic, *held.supplements)
        return CatalogueView(
            on=day,
            region=place,
            versions=[{"id": p.id, "version": p.version, "region": p.region, "hash": p.hash} for p in parts],
            never_collected=[one.name.render(self._language) for one in held.basic.never_collect],
            entries=[
                CatalogueEntry(
                    code=kind.code,
                    name=kind.name.render(self._language),
                    part=part.part,
                    region=part.region,
                    info_class=InfoClass(kind.info_class),
                    nature=Nature(kind.nature),
                    publicity_class=kind.publicity.class_,
                    shown=kind.publicity.show,
                    shown_months=publicity.shown_months(kind),
                    payload={
                        name: field if isinstance(field, str) else "|".join(field)
                        for name, field in kind.payload.items()
                    },
                    labels={
                        name: {word: label.render(self._language) for word, label in field.items()}
                        for name, field in kind.payload.items()
                        if isinstance(field, dict)
                    },
                    required=kind.required,
                    closes=kind.closes,
                    recorded_by=[str(one) for one in kind.recorded_by],
                )
                for part in parts
                for kind in part.facts
            ],
        )


def _after(cursor: str | None) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    day, identity = decode_cursor(cursor, str, str)
    try:
        return date.fromisoformat(day), UUID(identity)
    except ValueError:
        raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from None
