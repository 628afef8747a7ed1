"""When a listing or a published fact can be repaired, and what the application needs."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from common.auth import Principal
from common.calendar import add_months
from common.clock import china_date
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.errors import FactNotFound
from credit.facts.models import Fact
from credit.facts.origin import first_known
from credit.facts.repository import FactRepository
from credit.facts.retention import PublicityPolicy, document_day, repaired
from credit.facts.rules import Action, known
from credit.facts.schemas import SourceKind
from credit.facts.views import as_version
from credit.listings.errors import ListingNotFound
from credit.listings.models import Listing
from credit.listings.policy import Article, Regulator, RepairClock
from credit.listings.repository import ListingRepository
from credit.listings.rules import ENTRIES
from credit.listings.rules import State as ListingState
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.supervision.service import SupervisionService

from .errors import TargetNotRepairable
from .repository import RepairRepository
from .rules import (
    Ban,
    Bar,
    Commitment,
    Findings,
    Reading,
    Target,
    bars_of,
    commitment_rule,
    earliest,
    in_use,
)
from .schemas import BarView, MaterialView, MinimumView, OutlookView

__all__ = ["BROKEN", "Aim", "Outlooks", "bar_views"]

_DAY = timedelta(days=1)
BROKEN = "COMMITMENT_BROKEN"


@dataclass(frozen=True, slots=True)
class Aim:
    """What an application is aimed at: the subject, and its listing or its fact."""

    subject: Subject
    target: Target
    region: str
    listing: Listing | None = None
    fact: Fact | None = None

    @property
    def label(self) -> str:
        """The number under which the information is known."""
        if self.listing is not None:
            return self.listing.number
        return self.fact.source_reference if self.fact is not None else ""


class Outlooks:
    """Both clocks, the bars and the checklist of materials."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._env, self._language = env, language
        self._listings = ListingRepository(session)
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)
        self._repairs = RepairRepository(session)
        self._supervision = SupervisionService(session, env)

    @property
    def _today(self) -> date:
        return china_date(self._env.clock.now())

    async def aim(
        self, actor: Principal | None, listing_id: UUID | None, fact_id: UUID | None, *, lock: bool = False
    ) -> Aim:
        """What is to be repaired, if the caller may see it and it stands.

        Raises:
            ListingNotFound, FactNotFound: not the caller's to see.
            TargetNotRepairable: the listing is not in force, or the fact is none that is published, or is
                repaired, here or elsewhere.
        """
        if listing_id is not None:
            return await self._aim_at_listing(actor, listing_id, lock)
        if fact_id is not None:
            return await self._aim_at_fact(actor, fact_id, lock)
        raise TargetNotRepairable

    async def bars(self, aim: Aim, findings: Findings, *, beside: UUID | None = None) -> list[Bar]:
        """The grounds of refusal that hold today, computed and found; `beside` is the application itself.

        An entry ban and the year between repairs are Order 7's, which covers listings only; they bar no
        repair of a penalty's publication. Both are counted for all whose records were merged into one.
        """
        packs = self._packs(aim)
        seventh = self._seventh(aim)
        bans: list[Ban] = []
        repaired_on: date | None = None
        if aim.target.kind in seventh.covers:
            holder = await self._subjects.holder_of(aim.subject)
            bans = await self._bans(holder, seventh)
            family = await self._subjects.family(holder.id)
            repaired_on = await self._repairs.last_listing_repaired_on(family, beside)
        return bars_of(
            aim.target,
            in_use(packs, aim.target, self.reading(aim)),
            {str(code): article for code, article in seventh.grounds.items()},
            self._today,
            bans,
            repaired_on,
            _gap(seventh),
            findings,
        )

    async def there_since(self, aim: Aim) -> datetime:
        """When what is to be repaired was first here: nobody asks for its repair before."""
        if aim.fact is not None:
            return await first_known(self._facts, aim.fact)
        return (aim.listing and aim.listing.listed_at) or self._env.clock.now()

    async def commitment(self, aim: Aim) -> tuple[Commitment, list[Article]]:
        """Whether a commitment letter belongs to the application, and by which articles.

        The Guide of 2022 speaks of who applies, not of what is repaired, so it is heard about penalties too,
        which its Order does not cover.
        """
        holder = await self._subjects.holder_of(aim.subject)
        broken = await self._facts.standing(holder.id, [BROKEN], self._today, holder.last_recorded_at)
        running = await self._listings.in_force(holder.id, self._today)
        return commitment_rule(
            self._packs(aim),
            serious=any(row.on_list == "serious" for row in running),
            false_promiser=bool(broken),
            reading=self.reading(aim),
        )

    async def view(self, aim: Aim) -> OutlookView:
        """The whole outlook."""
        bars = await self.bars(aim, Findings())
        commitment, articles = await self.commitment(aim)
        listing_id = aim.listing.id if aim.listing else None
        fact_id = aim.fact.id if aim.fact else None
        until = aim.listing.management_until if aim.listing else None
        reading = self._env.rulebook.repair_readings.choose(
            "repair-reading", on=self._today, region=aim.region
        )
        return OutlookView(
            listing_id=listing_id,
            fact_id=fact_id,
            subject_id=aim.subject.id,
            publicity_class=aim.target.publicity_class,
            can_apply=not bars,
            earliest_on=earliest(bars, self._today),
            bars=bar_views(bars),
            clocks=self._clocks(aim),
            reading=reading.reading,
            reading_name=reading.name.render(self._language),
            management_until=until,
            automatic_on=until + _DAY if until else None,
            commitment=commitment,
            materials=_materials(commitment, articles),
            running_repair=await self._repairs.running(listing_id, fact_id),
        )

    def reading(self, aim: Aim) -> Reading:
        """The reading in force at the place of the case."""
        return self._env.rulebook.repair_readings.choose(
            "repair-reading", on=self._today, region=aim.region
        ).reading

    def regulator(self, aim: Aim) -> Regulator:
        """Who settles a conflict of the rules, as the reading in force at the place of the case names it."""
        return self._env.rulebook.repair_readings.choose(
            "repair-reading", on=self._today, region=aim.region
        ).regulator

    def steps_pack(self, aim: Aim) -> RepairClock:
        """The rule set whose step deadlines apply: Order 7's, also where Order 36 decides the rest."""
        return self._seventh(aim)

    def _seventh(self, aim: Aim) -> RepairClock:
        clocks = self._env.rulebook.repair_clocks
        found = clocks.find("repair-order7", on=aim.target.document_on, region=aim.region)
        return found or clocks.choose("repair-order7", on=self._today, region=aim.region)

    def _packs(self, aim: Aim) -> list[RepairClock]:
        target = aim.target
        later = self._env.rulebook.publication_clock(target.kind, target.document_on, aim.region)
        return [self._seventh(aim), *([later] if later else [])]

    def _publicity(self, aim: Aim) -> PublicityPolicy:
        """How long what is to be repaired may be shown."""
        return self._env.rulebook.publicity.choose("publicity", on=aim.target.document_on, region=aim.region)

    def _clocks(self, aim: Aim) -> list[MinimumView]:
        target, packs = aim.target, self._packs(aim)
        used = {pack.rule for pack in in_use(packs, target, self.reading(aim))}
        views = []
        for pack in packs:
            if target.kind not in pack.covers:
                continue
            months = {str(name): n for name, n in pack.minimum_months.items()}.get(target.publicity_class)
            start = target.listed_on if pack.runs_from == "listed_on" else target.document_on
            shown = self._publicity(aim) if pack.publishes else None
            views.append(
                MinimumView(
                    rule=pack.rule,
                    name=pack.name.render(self._language),
                    minimum_months=months,
                    runs_from=start,
                    minimum_until=add_months(start, months) if months else None,
                    article=pack.minimum_article.article,
                    publication_until=shown.published_until(target.publicity_class, target.document_on)
                    if shown
                    else None,
                    publication_article=shown.publication.article if shown else None,
                    in_use=pack.rule in used,
                )
            )
        return views

    async def family(self, aim: Aim) -> list[UUID]:
        """Everyone whose record is one with that of the aim's subject by now."""
        return await self._subjects.family((await self._subjects.holder_of(aim.subject)).id)

    async def _bans(self, subject: Subject, pack: RepairClock) -> list[Ban]:
        return [
            Ban(one.code, act, one.ends_on)
            for one in await self._supervision.in_force(subject, self._today)
            if not one.restriction.lasts.with_listing
            for act in one.restriction.bars
            if act in pack.entry_bans
        ]

    async def _aim_at_listing(self, actor: Principal | None, listing_id: UUID, lock: bool) -> Aim:
        if actor is None:
            subject_id = await self._listings.subject_of(listing_id)
        else:
            row = await self._listings.find(listing_id, actor, self._today)
            subject_id = row[0].subject_id if row else None
        subject = None if subject_id is None else await self._subjects.lock(subject_id, None, shared=not lock)
        listing = None if subject is None else await self._listings.get(listing_id)
        if subject is None or listing is None:
            raise ListingNotFound
        made, listed = listing.decided_on, listing.listed_on
        if listing.state != ListingState.LISTED or made is None or listed is None:
            raise TargetNotRepairable(state=listing.state)
        condition = self._env.rulebook.listing_conditions.get(
            listing.condition, listing.condition_version, listing.condition_region
        )
        form = self._env.rulebook.lists.choose(
            "credit-lists", on=listing.opened_on, region=listing.authority_region
        ).of(listing.on_list)
        target = Target("listing", form.publicity_class, listed, made, condition.repairable)
        return Aim(subject, target, listing.authority_region, listing=listing)

    async def _aim_at_fact(self, actor: Principal | None, fact_id: UUID, lock: bool) -> Aim:
        fact = await self._facts.latest(fact_id)
        subject = None if fact is None else await self._subjects.lock(fact.subject_id, actor, shared=not lock)
        fact = None if subject is None else await self._facts.latest(fact_id)
        if subject is None or fact is None:
            raise FactNotFound
        kind = self._env.rulebook.catalogue(self._today).by_code.get(fact.code)
        # An entry in a list is repaired by the repair of its listing only, also where it is a merger's copy.
        listed = fact.source_kind == SourceKind.LISTING or fact.code in ENTRIES
        stands = fact.action != Action.REVOKE and not listed
        archive = known(await self._facts.versions_of(subject.id), subject.last_recorded_at)
        done = repaired(as_version(fact), archive, self._today)
        if kind is None or kind.nature != "adverse" or not stands or done:
            raise TargetNotRepairable
        made = document_day(as_version(fact))
        publicity = self._env.rulebook.publicity.choose("publicity", on=made, region=subject.region)
        class_ = publicity.class_of(kind, fact.payload)
        if class_ == "none":
            raise TargetNotRepairable
        target = Target("penalty", class_, made, made)
        return Aim(subject, target, subject.region, fact=fact)


def bar_views(bars: list[Bar]) -> list[BarView]:
    """The bars as they cross the API."""
    return [BarView(**{name: getattr(bar, name) for name in Bar.__slots__}) for bar in bars]


def _gap(pack: RepairClock) -> tuple[int, Article] | None:
    if pack.gap_months is None or pack.gap_article is None:
        return None
    return pack.gap_months, pack.gap_article


def _materials(commitment: Commitment, articles: list[Article]) -> list[MaterialView]:
    asked = {
        Commitment.NONE: "no",
        Commitment.REQUIRED: "yes",
        Commitment.CONFLICT: "regulator_decides",
    }[commitment]
    named = [article.article for article in articles]
    rows = [
        ("application", "yes", False, []),
        ("evidence", "yes", False, []),
        ("commitment", asked, False, named),
        ("training_record", "yes", True, []),
    ]
    return [
        MaterialView.model_validate(
            {"item": item, "required": required, "may_be_late": late, "articles": said}
        )
        for item, required, late, said in rows
    ]
