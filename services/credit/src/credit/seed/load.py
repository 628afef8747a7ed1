"""Loading the demo province in chunks: rows by COPY, grades into the log, one event per subject."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from uuid import UUID

from common.clock import CHINA, china_date
from common.crypto import Keyring
from common.db import Database, copy_rows
from common.events import NewEvent, publish_many
from common.ledger import LogSigner, append_many
from common.seeding import DEMO_SUBJECT_IDS, Progress, SeedPlan, demo_id
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.config import Settings
from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.rules import Action, FactVersion, content_hash
from credit.listings.rules import ListName
from credit.policies import FOLDER
from credit.publishing import SERVICE, subject_data
from credit.rulebook.rules import Rulebook
from credit.scorecards.shelf import card_book
from credit.scoring.models import PublishedGrade
from credit.scoring.publication import entry_of, grade_changed_data, published_grade
from credit.scoring.rules import ScoredSubject, score
from credit.scoring.rules.cards import CardView
from credit.subjects.models import Subject
from credit.subjects.personal import name_columns, person_columns
from credit.subjects.rules import Kind, Status
from credit.subjects.schemas import PersonIn
from credit.supervision.sources import LISTING_CODES

from .firms import Firm, firms, guides
from .firms_more import more_firms
from .histories import Happening, happenings, played, recorded_at, sample_happenings
from .papers import Papers, licence

__all__ = ["seed"]

_CHUNK = 250
_AUTHORITY = "文化和旅游主管部门（演示）"


@dataclass
class _Subject:
    """A row of `subjects`; made 20,000 times, so it is no model."""

    id: UUID
    kind: str
    key: str | None
    license_no: str | None
    region: str
    business_scope: list[str]
    level: str | None
    created_at: datetime
    updated_at: datetime
    last_recorded_at: datetime
    name: str
    name_search: str
    name_grams: list[str]
    name_cipher: str | None
    name_index: str | None
    id_number_cipher: str | None = None
    id_number_index: str | None = None
    phone_cipher: str | None = None
    asked_up_to: datetime | None = None
    status: str = Status.ACTIVE
    score: Decimal | None = None
    grade: str | None = None
    tier: str | None = None
    grade_version: int = 0
    scored_on: date | None = None
    next_change_on: date | None = None
    look_again_on: date | None = None
    scored_by: str | None = None
    licensed_on: date | None = None
    license_expires_on: date | None = None
    headcount: int | None = None
    merged_into: UUID | None = None
    version: int = 1


@dataclass
class _Rows:
    papers: Papers
    subjects: list[_Subject] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    grades: list[PublishedGrade] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)


async def seed(settings: Settings, plan: SeedPlan, progress: Progress) -> None:
    """Load the province of `plan` into an empty archive; one that is already loaded is left as it is.

    Raises:
        ValueError: the settings name no key file for the log.
    """
    if settings.log_key_file is None:
        raise ValueError("seeding needs log_key_file: published grades go into the log")
    keyring = Keyring.from_file(settings.keyring_file)
    env = Environment(
        clock=settings.clock(),
        keyring=keyring,
        rulebook=Rulebook.load(FOLDER),
        log=LogSigner(settings.log_origin, settings.log_key_file, keyring),
    )
    database = Database(settings.relay_database_url, pool_size=2)
    try:
        async with database.session() as session:
            present = set(await session.scalars(select(col(Subject.id))))
            cards = (await card_book(session, env)).at(env.clock.now())
        counted = [*firms(plan), *guides(plan)]
        agencies = [firm for firm in counted if firm.kind is Kind.TRAVEL_AGENCY]
        planned = [*counted, *more_firms(plan, agencies)]
        missing = [firm for firm in planned if firm.id not in present]
        progress.start("示范省份 / demo province", len(planned))
        progress.advance(len(planned) - len(missing))
        for chunk in _chunks(missing):
            rows = _build(chunk, plan, env, cards)
            async with database.session() as session:
                await _store(session, env, rows)
            progress.advance(len(chunk))
    finally:
        await database.dispose()


def _chunks(planned: Sequence[Firm]) -> Iterator[list[Firm]]:
    rest = iter(planned)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _build(chunk: Iterable[Firm], plan: SeedPlan, env: Environment, cards: CardView) -> _Rows:
    now = env.clock.now()
    deposits = env.rulebook.deposits.choose("deposits", on=china_date(now))
    papers = Papers(plan, deposits, env.rulebook.risk_matrices, env.keyring, now)
    rows = _Rows(papers)
    for firm in chunk:
        chance = Random(f"{plan.seed} {firm.id}")  # noqa: S311  (invented data, no secret)
        born = _born(chance, china_date(now), plan.years)
        subject = _subject(firm, born, env)
        rows.subjects.append(subject)
        before = len(rows.facts)
        _live(subject, _past(subject, chance, born, env), chance, born, now, cards, rows)
        uncovered = _uncovered_since(rows.facts[before:], subject.id)
        listed = any(fact.code in LISTING_CODES for fact in rows.facts[before:])
        papers.add_for(firm, subject.licensed_on, uncovered, subject.tier, listed=listed)
        rows.events.append(
            NewEvent("subject_registered", subject.id, subject.version, subject_data(subject), now)
        )
    return rows


def _born(chance: Random, today: date, years: int) -> datetime:
    day = today - timedelta(days=365 * years + chance.randrange(60))
    return datetime.combine(day, time(9), CHINA).astimezone(UTC) + timedelta(seconds=chance.randrange(28_800))


def _subject(firm: Firm, born: datetime, env: Environment) -> _Subject:
    person = PersonIn(id_number=firm.id_number, phone=firm.phone)
    licensed_on, license_expires_on = licence(firm, china_date(born))
    return _Subject(
        id=firm.id,
        kind=firm.kind,
        key=firm.key,
        license_no=firm.license_no,
        region=firm.region,
        business_scope=sorted(firm.scope),
        level=firm.level,
        licensed_on=licensed_on,
        license_expires_on=license_expires_on,
        created_at=born,
        updated_at=born,
        last_recorded_at=born,
        **name_columns(firm.kind, firm.key, firm.name, env.keyring),
        **person_columns(person, env.keyring, china_date(born)),
    )


def _live(
    subject: _Subject,
    past: Iterable[Happening],
    chance: Random,
    born: datetime,
    now: datetime,
    cards: CardView,
    rows: _Rows,
) -> None:
    """Record a subject's history and the grades that followed from it, and leave it scored as of today."""
    today = china_date(now)
    facts = [_fact(subject, n, one, chance, now) for n, one in enumerate(past)]
    versions = [
        FactVersion(f.id, f.version, Action.RECORD, f.code, f.occurred_on, f.recorded_at, f.payload)
        for f in facts
    ]
    rows.facts += facts
    schedule = cards.schedule(subject.kind, subject.region, today)
    if schedule is None:
        return
    scored = ScoredSubject(
        subject.id,
        subject.kind,
        subject.region,
        licensed_on=subject.licensed_on,
        level=subject.level,
        scope=tuple(subject.business_scope),
        headcount=subject.headcount,
    )
    subject.version += len(facts)
    before: tuple[str | None, str | None] = (None, None)
    for standing in played(scored, versions, born, now, schedule.card):
        subject.grade_version += 1
        subject.version += 2
        fact_id = standing.fact.id if standing.fact else None
        grade = published_grade(
            subject.id, subject.grade_version, standing.result, standing.cause, fact_id, standing.at
        )
        rows.grades.append(grade)
        changed = grade_changed_data(subject, grade, *before)
        before = (grade.grade, grade.tier)
        subject.grade, subject.tier = before
    result = standing.result
    if versions:
        result = score(scored, versions, today, subject.last_recorded_at, schedule.card, schedule.later)
    subject.score, subject.scored_on = result.value, today
    subject.next_change_on = result.next_change.on if result.next_change else None
    subject.look_again_on = subject.next_change_on
    subject.scored_by = schedule.fingerprint
    rows.events.append(NewEvent("grade_changed", subject.id, subject.version, changed, now))
    subject.version += 1


def _uncovered_since(facts: Sequence[Fact], subject_id: UUID) -> date | None:
    """Since when an agency's history says that its liability cover is missing."""
    since: date | None = None
    for fact in facts:
        if fact.subject_id == subject_id and fact.code == "LIABILITY_INSURANCE_MISSING":
            since = since or fact.occurred_on
        if fact.subject_id == subject_id and fact.code == "LIABILITY_INSURANCE_IN_PLACE":
            since = None
    return since


def _past(subject: _Subject, chance: Random, born: datetime, env: Environment) -> list[Happening]:
    today = china_date(env.clock.now())
    if subject.id == DEMO_SUBJECT_IDS["sample_agency"]:
        return sample_happenings(today)
    if subject.key is None:
        return []
    lists = env.rulebook.lists.choose("credit-lists", on=today, region=subject.region)
    first, last = china_date(born) + timedelta(days=1), today - timedelta(days=20)
    past = happenings(chance, subject.kind, first, last, lists.of(ListName.SERIOUS).months)
    if subject.id in DEMO_SUBJECT_IDS.values():
        # What is found in the sample contracts is published; a listing of a party would add to it.
        return [one for one in past if one.code not in LISTING_CODES]
    return past


def _fact(subject: _Subject, serial: int, one: Happening, chance: Random, now: datetime) -> Fact:
    moment = recorded_at(chance, one.occurred_on, subject.last_recorded_at, now)
    subject.last_recorded_at = moment
    return Fact(
        id=demo_id(f"fact {subject.id} {serial}"),
        version=1,
        subject_id=subject.id,
        action=Action.RECORD,
        code=one.code,
        occurred_on=one.occurred_on,
        recorded_at=moment,
        recorded_by="seed",
        source_kind=one.source,
        source_authority=_AUTHORITY,
        source_reference=f"DEMO-{subject.key or subject.id}-{serial:03d}",
        payload=one.payload,
        evidence=[],
        disputed=[],
        content_hash=content_hash(subject.id, one.occurred_on, one.payload, []),
    )


async def _store(session: AsyncSession, env: Environment, rows: _Rows) -> None:
    await copy_rows(session, Subject, rows.subjects)
    await copy_rows(session, Fact, rows.facts)
    await copy_rows(session, PublishedGrade, rows.grades)
    for model, papers in rows.papers.tables():
        await copy_rows(session, model, papers)
    now = env.clock.now()
    await append_many(session, log=env.log, entries=[entry_of(grade) for grade in rows.grades], now=now)
    await publish_many(session, service=SERVICE, events=rows.events)
