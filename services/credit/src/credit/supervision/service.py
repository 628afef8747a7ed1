"""Use cases of supervision: the measures in force, checks for licensing offices, and their announcement."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from common import audit
from common.auth import Principal
from common.clock import china_date
from common.identifiers import check_resident_id
from common.policies import Policy
from common.problems import Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.internal import check_internal
from credit.publishing import announce, subject_data
from credit.scoring.errors import NoScorecard
from credit.scoring.rules import Score
from credit.scoring.service import ScoringService
from credit.subjects.errors import SubjectMerged, SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.personal import checked
from credit.subjects.repository import Filters, SubjectRepository, id_context

from .errors import SupervisionBehind
from .figures import Tiers, figures_of, measures_in_words, publicity_of
from .models import SupervisionState
from .policy import RiskMatrix, SupervisionPolicy
from .repository import SupervisionRepository
from .rules import (
    MeasureInForce,
    OfTier,
    announced,
    raised_tier,
    restrictions_of,
    supervision_tier,
    tier_measures,
    tier_until,
)
from .schemas import (
    CheckIn,
    CheckView,
    CitationView,
    MeasureView,
    PolicyView,
    RestrictionView,
    SupervisionView,
)
from .sources import LISTING_CODES, Sources

__all__ = ["SupervisionService"]

_DAY = timedelta(days=1)
_AT_ONCE = 500


class SupervisionService:
    """From grade, risk class and listings to measures."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._subjects = SubjectRepository(session)
        self._states = SupervisionRepository(session)
        self._scoring = ScoringService(session, env)
        self._sources = Sources(session)

    async def of(
        self, actor: Principal, subject_id: UUID, on: date | None = None, *, expired: bool = False
    ) -> SupervisionView:
        """The measures in force on a day (by default today), each with basis, policy and last day.

        A subject that no scorecard grades is supervised as *unrated*. `expired` adds restrictions that have
        ended. The risk class is not told to the subject itself. Raises SubjectNotFound, SubjectMerged for one
        that is another now, and Forbidden for who does not see what is internal.
        """
        check_internal(self._env.rulebook, actor, china_date(self._env.clock.now()))
        subject = await self._subjects.lock(subject_id, actor, shared=True)
        if subject is None:
            raise SubjectNotFound
        if subject.merged_into is not None:
            raise SubjectMerged(survivor=str(subject.merged_into))
        day = on or china_date(self._env.clock.now())
        result = await self._score(subject, day)
        risk, matrix = await self._sources.risk_class(subject, day), self._matrix(subject, day)
        credit_tier = result.tier if result else None
        tier = supervision_tier(credit_tier, risk, matrix)
        policy = self._tiers(subject, day)
        every = await self._restrictions(subject, day)
        tier, by = raised_tier(policy, tier, [one for one in every if one.in_force(day)])
        card = result.card if result else None
        figures = figures_of(policy, tier, card)
        by_band = self._band_views(result, tier, by)
        names = await self._states.names({one.listed.entity for one in every})
        change = result.next_grade_change if result else None
        own = actor.subject_id is not None
        return SupervisionView(
            subject_id=subject.id,
            valid_at=day,
            rated=result is not None and result.rated,
            grade=result.grade if result else None,
            credit_tier=credit_tier,
            risk_class=None if own else risk,
            matrix=_policy(matrix) if matrix and risk and not own else None,
            tier=tier,
            sampling_bp=figures.sampling_bp,
            routine_checks_per_year=figures.routine_checks_per_year,
            publicity=publicity_of(policy, credit_tier, card, result.grade if result else None),
            measures=[
                *(self._tier_view(one, policy) for one in tier_measures(policy, tier, result, by)),
                *by_band,
                *(self._view(one, day, names) for one in every if one.in_force(day)),
            ],
            expired=[
                self._view(one, day, names)
                for one in every
                if expired and one.ends_on is not None and one.ends_on < day
            ],
            next_grade_change_on=change.on if change else None,
            policy=_policy(policy),
            card=_policy(card) if card and by_band else None,
        )

    async def tiers(self, region: str, now: datetime) -> Tiers:
        """How tiers are supervised in a region at an instant, by its policy and by the cards known then."""
        on = china_date(now)
        policy = self._env.rulebook.supervision.choose("tiered-supervision", on=on, region=region)
        return Tiers(policy, (await self._scoring.cards()).at(now), on)

    async def in_force(self, subject: Subject, on: date) -> list[MeasureInForce]:
        """The restrictions on a subject on a day, for rooms that decide under them; cite `one.citation`."""
        return [one for one in await self._restrictions(subject, on) if one.in_force(on)]

    async def check(self, actor: Principal, wanted: CheckIn) -> CheckView:
        """Whether an applicant may do something, for the office that licenses it; kept in the audit trail.

        By ID number a person is looked for in all regions, because the law's bar holds in the whole country;
        the answer names measures and dates, not the person. Raises SubjectNotFound for an id or key outside
        the caller's regions.
        """
        now = self._env.clock.now()
        day = wanted.on or china_date(now)
        applicants = await self._applicants(actor, wanted)
        bars: dict[tuple[str, UUID, str], MeasureInForce] = {}
        for subject in applicants:
            for one in await self.in_force(subject, day):
                if wanted.act in one.restriction.bars:
                    bars[one.code, one.listed.entity, one.listed.role] = one
        found = list(bars.values())
        names = await self._states.names({one.listed.entity for one in found})
        await audit.record(
            self._session,
            actor=actor,
            action="supervision.check",
            target=f"subject:{applicants[0].id}" if applicants else "subject:unknown",
            purpose=wanted.purpose,
            details={"act": wanted.act, "on": day.isoformat(), "bars": sorted(one.code for one in found)},
            now=now,
        )
        ends = [one.ends_on for one in found]
        last = [end for end in ends if end is not None]
        return CheckView(
            act=wanted.act,
            on=day,
            known=bool(applicants),
            allowed=not found,
            bars=[self._view(one, day, names) for one in found],
            citations=[CitationView(**one.citation.document()) for one in found],
            free_on=max(last) + _DAY if found and len(last) == len(ends) else None,
        )

    async def refresh(self, subject: Subject) -> bool:
        """Tell others how a locked subject is supervised, if that differs from what they were told last.

        A subject that nothing but its grade supervises is told of by the grade's own event; its row begins
        with the first listing, restriction or risk class. What is told is whole, never a difference: tier,
        codes in force today, and every restriction with basis and time.
        """
        today = china_date(self._env.clock.now())
        held = await self._states.hold([subject.id])
        return await self._tell(subject, await self._restrictions(subject, today), held)

    async def _refresh_all(self, subjects: Sequence[Subject]) -> None:
        """`refresh` of many locked subjects; of whom nothing is listed is asked for all at once."""
        today = china_date(self._env.clock.now())
        codes = frozenset(code for rule in self._env.rulebook.restrictions for code in rule.facts)
        held = await self._states.hold([subject.id for subject in subjects])
        free = await self._sources.unlisted(subjects, codes)
        for subject in subjects:
            every = [] if subject.id in free else await self._restrictions(subject, today)
            await self._tell(subject, every, held)

    async def _tell(
        self, subject: Subject, every: list[MeasureInForce], held: Mapping[UUID, SupervisionState]
    ) -> bool:
        """`held` are the states locked before `every` was read, so that no mark made since is overwritten."""
        now = self._env.clock.now()
        today = china_date(now)
        risk, matrix = await self._sources.risk_class(subject, today), self._matrix(subject, today)
        now_on = [one for one in every if one.in_force(today)]
        tier = supervision_tier(subject.tier, risk, matrix)
        tier, _ = raised_tier(self._tiers(subject, today), tier, now_on)
        codes = sorted({one.code for one in now_on})
        turns = [one.ends_on + _DAY for one in every if one.ends_on] + [one.starts_on for one in every]
        state = held.get(subject.id) or await self._states.state_of(subject.id)
        marked = state is not None and subject.id not in held
        if state is None and not every and risk is None:
            return False
        said = announced(every)
        told = (state.tier, state.risk_class, state.restrictions) if state else (subject.tier, None, [])
        before = list(state.measures) if state else []
        if state is None:
            state = SupervisionState(subject_id=subject.id, measures=[], restrictions=[], announced_at=now)
            self._states.add(state)
        state.tier, state.risk_class, state.measures = tier, risk, codes
        state.restrictions = said
        state.next_change_on = min((turn for turn in turns if turn > today), default=None)
        following = await self._sources.next_risk_class(subject, today)
        if following is not None:
            state.next_change_on = min(filter(None, (state.next_change_on, following)))
        if marked:
            state.next_change_on = today
        changed = told != (tier, risk, said) or before != codes
        if changed:
            state.announced_at = now
            subject.version += 1
            await self._session.flush()
            supervision = {"tier": tier, "measures": codes, "restrictions": said}
            data = subject_data(subject) | {"supervision": supervision}
            await announce(self._session, "subject_updated", subject.id, subject.version, data, now)
        await self._session.flush()
        return changed

    async def on_fact(self, subject: Subject, code: str) -> None:
        """A listing or restricting fact about a locked subject changed: tell of it, and of who heads it."""
        now = self._env.clock.now()
        restricting = {one for rule in self._env.rulebook.restrictions for one in rule.facts}
        if code in LISTING_CODES or code in restricting:
            await self.refresh(subject)
            await self._states.mark_people_of(subject.id, china_date(now), now)
        elif code in self._env.rulebook.penalties_behind and await self._states.state_of(subject.id):
            await self.refresh(subject)

    async def due(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Subjects whose supervision changed by the calendar or a grade, behind `after` in order."""
        return await self._states.due(china_date(self._env.clock.now()), after, limit)

    async def refresh_due(self, ids: Collection[UUID]) -> int:
        """Announce the supervision of those of the subjects that are due; gives how many were seen."""
        today = china_date(self._env.clock.now())
        subjects = await self._states.take_due(today, ids)
        await self._refresh_all(subjects)
        return len(subjects)

    async def catch_up(self, region: str, kinds: Collection[str] = ()) -> None:
        """Announce what is out of date in a region now, for whoever weighs by how subjects are supervised.

        Of these kinds, or of all. Raises SupervisionBehind when that is more than one transaction should do:
        the rounds are at it, and nobody has to do anything but ask again.
        """
        today = china_date(self._env.clock.now())
        waiting, supervised = await self._states.behind_in(region, kinds, today)
        if waiting > _AT_ONCE:
            raise SupervisionBehind(waiting, supervised)
        await self._refresh_all(await self._states.due_in(region, kinds, today))

    async def _applicants(self, actor: Principal, wanted: CheckIn) -> Sequence[Subject]:
        if wanted.id_number is not None:
            given = wanted.id_number
            number = checked("/id_number", lambda: check_resident_id(given)).number
            indexes = self._env.keyring.blind_indexes(number, context=id_context)
            return await self._states.by_id_number(indexes)
        if wanted.subject_id is not None:
            subject = await self._subjects.find(wanted.subject_id, actor)
            found = [] if subject is None else [subject]
        else:
            filters = Filters(key=wanted.key)
            found = list(await self._subjects.page(actor, filters, self._env.keyring, None, 1))
        if not found:
            raise SubjectNotFound
        return found

    async def _score(self, subject: Subject, on: date) -> Score | None:
        try:
            return await self._scoring.present(subject, on)
        except NoScorecard:
            return None

    def _tiers(self, subject: Subject, on: date) -> SupervisionPolicy:
        return self._env.rulebook.supervision.choose("tiered-supervision", on=on, region=subject.region)

    def _matrix(self, subject: Subject, on: date) -> RiskMatrix | None:
        return self._env.rulebook.risk_matrices.find("risk-matrix", on=on, region=subject.region)

    async def _restrictions(self, subject: Subject, on: date) -> list[MeasureInForce]:
        book = self._env.rulebook.restrictions.in_force(on=on, region=subject.region)
        people = await self._states.same_person(subject)
        return restrictions_of(book, await self._sources.listings(people, book))

    def _tier_view(self, one: OfTier, policy: Policy) -> MeasureView:
        return MeasureView(
            code=one.measure.code,
            name=one.measure.name.render(self._language),
            because=one.because,
            legal_basis=one.measure.legal_basis,
            status=one.measure.status or policy.status,
            ends_on=one.ends_on,
            policy=_policy(policy),
        )

    def _band_views(
        self, result: Score | None, tier: str | None, by: MeasureInForce | None
    ) -> list[MeasureView]:
        """What the bands of the card say: that of the grade, and those of the tier it was moved to."""
        if result is None or result.grade is None:
            return []
        views = []
        for band in result.card.bands:
            words = measures_in_words(result.card.measures_of[band.grade])
            if words[0] and (band.grade == result.grade or (band.tier == tier != result.tier)):
                views.append(
                    MeasureView(
                        code=f"BAND-{band.grade}",
                        name=Text(*words).render(self._language),
                        because=f"band:{band.grade}",
                        legal_basis=list(result.card.legal_basis),
                        status=result.card.status,
                        ends_on=tier_until(result, by if band.grade != result.grade else None),
                        policy=_policy(result.card),
                    )
                )
        return views

    def _view(self, one: MeasureInForce, on: date, names: dict[UUID, str]) -> RestrictionView:
        listed = one.listed
        return RestrictionView(
            code=one.code,
            name=one.restriction.name.render(self._language),
            because=f"{listed.source}:{listed.condition}:{listed.role}",
            legal_basis=one.restriction.legal_basis,
            status=one.restriction.status,
            period_status=one.restriction.period_status,
            ends_on=one.ends_on,
            policy=_policy(one.restriction),
            listing=listed.source,
            condition=listed.condition,
            role=listed.role,
            entity_id=listed.entity,
            entity_name=names.get(listed.entity, ""),
            number=listed.number,
            starts_on=one.starts_on,
            bars=list(one.restriction.bars),
            in_force=one.in_force(on),
            dated=one.dated,
        )


def _policy(policy: Policy) -> PolicyView:
    return PolicyView(id=policy.id, version=policy.version, hash=policy.hash, status=policy.status)
