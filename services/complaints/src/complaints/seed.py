"""Synthetic complaints with histories, by the service's own routing, numbers, clocks and states.

The same plan gives the same complaints. All persons, phones and firms are invented; texts are told from a few
patterns, so that statistics and queues have something to show and nothing real stands in them.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from common import regions
from common.calendar import add_working_days
from common.clock import CHINA, china_date
from common.crypto import Keyring
from common.db import Database, copy_rows
from common.events import NewEvent
from common.events import publish_many as announce_many
from common.seeding import DEMO_SUBJECT_IDS, Progress, SeedPlan
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from complaints.cases.history import deadlines_of, set_next_due
from complaints.cases.models import Case, CaseEvent
from complaints.cases.rules import OUTCOMES, Event, State, next_state
from complaints.cases.safe import CaseSafe
from complaints.config import Settings
from complaints.numbers import case_number, code_hash
from complaints.policybook import policy_book
from complaints.publishing import SERVICE
from complaints.routing.rules import Enquiry, Places
from complaints.routing.schemas import RoutingOut
from complaints.routing.service import RoutingService
from complaints.subjects.models import Subject

__all__ = ["seed"]

CHUNK = 250
FIRST_SERIAL = 90_000
"""Synthetic numbers stand apart from those of filed complaints."""
SURNAMES = "王李张刘陈杨赵黄周吴"
STORIES = (
    "我参加“{agency}”的{days}日游，合同写明的样例古塔没有去，导游擅自改成去特产店购物一个多小时，要求赔偿。",
    "在“{agency}”报名的{days}日团，住宿从四星降档成快捷酒店，旅行社不肯解决，要求退差价{yuan}元。",
    "我向“{agency}”交了团费{yuan}元，因家人生病申请退团，对方要扣百分之六十又拿不出单据，请退还余款。",
    "“{agency}”的导游态度恶劣，把我们扔在停车场一个多小时，还辱骂老人，要求道歉并赔偿。",
    "跟“{agency}”的团，导游逼我们买东西，不买够两千元不让走，要求退货退款，并查处这家旅行社。",
    "“{agency}”通知我们人数不够不成团，订好的{days}日游取消了，交的{yuan}元一直不退，要求全额退款。",
    "“{agency}”没有经过我们同意就转团给别的旅行社，行程缩水，要求按合同赔偿。",
    "在“样例云栖民宿”住了两晚，房间发霉有异味，与网页图片严重不符，要求退一半房费{yuan}元。",
    "“示例龙潭景区”门票预约后因限流进不去，景区只退一半票款，要求退还剩余{yuan}元。",
    "在景区外的水果店买水果，标价八元结账却说一两八元，多收了{yuan}元，要求退还多收的钱。",
)
PATHS: tuple[tuple[int, tuple[Event, ...]], ...] = (
    (38, (Event.ACCEPT, Event.SERVE, Event.REPLY, Event.MEDIATE, Event.AGREE)),
    (10, (Event.ACCEPT, Event.SERVE, Event.REPLY, Event.MEDIATE, Event.TERMINATE)),
    (12, (Event.ACCEPT, Event.SERVE, Event.SELF_SETTLE)),
    (5, (Event.ACCEPT, Event.WITHDRAW)),
    (10, (Event.ACCEPT, Event.SERVE, Event.REPLY)),
    (5, (Event.ACCEPT, Event.SERVE)),
    (4, (Event.ACCEPT,)),
    (12, ()),
    (4, (Event.ASK_SUPPLEMENT,)),
)


@dataclass(frozen=True, slots=True)
class _Agency:
    id: UUID
    key: str
    name: str
    region: str


async def seed(settings: Settings, plan: SeedPlan, progress: Progress) -> None:
    """Make `plan.complaints` complaints over the plan's years; nothing is done twice for one plan.

    Each chunk of a few hundred is its own transaction.
    """
    if plan.complaints == 0:
        return
    database = Database(settings.database_url, statement_cache=settings.database_statement_cache)
    try:
        async with database.session() as session:
            agencies = await _agencies(session, plan.province)
            made = await session.scalar(
                select(func.count()).select_from(Case).where(col(Case.filed_by) == _mark(plan))
            )
        progress.start("complaints", plan.complaints)
        if made is not None and made >= plan.complaints:
            progress.advance(plan.complaints)
            return
        maker = _Maker(plan, agencies, Keyring.from_file(settings.keyring_file), settings)
        for chunk in maker.chunks():
            async with database.session() as session:
                if await session.get(Case, chunk[0][0].id) is None:
                    await _store(session, chunk)
            progress.advance(len(chunk))
    finally:
        await database.dispose()


async def _agencies(session: AsyncSession, province: str) -> list[_Agency]:
    """The province's travel agencies as far as they are known here, else the one of the demo."""
    rows = await session.scalars(
        select(Subject)
        .where(
            col(Subject.kind) == "travel_agency",
            col(Subject.key).is_not(None),
            col(Subject.region).like(f"{province[:2]}%"),
        )
        .order_by(col(Subject.key))
    )
    found = [
        _Agency(row.id, row.key, row.name, row.region) for row in rows if row.key and row.name and row.region
    ]
    return found or [
        _Agency(
            DEMO_SUBJECT_IDS["sample_agency"],
            "911401059999990157",
            "山西晋样例旅行社有限公司（虚构）",
            "140105",
        )
    ]


def _mark(plan: SeedPlan) -> str:
    """By what a plan's complaints are known as synthetic."""
    return f"synthetic-{plan.seed}"


async def _store(session: AsyncSession, chunk: Sequence[tuple[Case, list[CaseEvent]]]) -> None:
    await copy_rows(session, Case, [case for case, _ in chunk])
    await copy_rows(session, CaseEvent, [event for _, events in chunk for event in events])
    await announce_many(session, service=SERVICE, events=[_received(case) for case, _ in chunk])


def _received(case: Case) -> NewEvent:
    return NewEvent(
        "case_received",
        case.id,
        1,
        {
            "case_id": str(case.id),
            "case_number": case.number,
            "subject_key": case.respondent_key,
            "region": case.region,
            "department": case.department,
            "categories": case.categories,
            "urgency": case.urgency,
            "received_on": case.received_on.isoformat(),
        },
        case.received_at,
    )


class _Maker:
    """Draws complaints from one stream of chance; equal plans draw equal complaints."""

    def __init__(
        self, plan: SeedPlan, agencies: Sequence[_Agency], keyring: Keyring, settings: Settings
    ) -> None:
        self._plan = plan
        self._agencies = agencies
        self._safe = CaseSafe(keyring)
        self._book = policy_book()
        self._routing = RoutingService(self._book)
        self._fallback = settings.intake_region
        self._chance = random.Random(plan.seed)  # noqa: S311 (synthetic data, nothing secret)
        self._serials: dict[str, int] = {}
        self._day = china_date(settings.clock().now())
        self._today = datetime(self._day.year, self._day.month, self._day.day, tzinfo=CHINA).astimezone(UTC)

    def chunks(self) -> Iterator[list[tuple[Case, list[CaseEvent]]]]:
        """All complaints, oldest first, in chunks."""
        span = self._plan.years * 365 * 86_400
        ages = sorted((self._chance.random() for _ in range(self._plan.complaints)), reverse=True)
        instants = [self._today - timedelta(seconds=int(age * span) + 3600) for age in ages]
        for start in range(0, len(instants), CHUNK):
            yield [self._complaint(instant) for instant in instants[start : start + CHUNK]]

    def _complaint(self, received_at: datetime) -> tuple[Case, list[CaseEvent]]:
        agency = self._chance.choice(self._agencies)
        county = agency.region if regions.level(agency.region) == "county" else self._county(agency.region)
        received_on = china_date(received_at)
        yuan = self._chance.randrange(100, 6000, 10)
        text = self._chance.choice(STORIES).format(
            agency=agency.name, days=self._chance.choice("三四五六"), yuan=yuan
        )
        result = self._routing.route(
            Enquiry(
                text=text,
                received_on=received_on,
                places=Places(contract_signed=county, respondent=county),
                contract_end_on=received_on - timedelta(days=self._chance.randrange(1, 70)),
                declared_kind="complaint",
            )
        )
        case = self._case(text, agency, received_at, yuan * 100, RoutingOut.of(result))
        return case, self._history(case)

    def _case(
        self, text: str, agency: _Agency, received_at: datetime, claim_fen: int, routing: RoutingOut
    ) -> Case:
        case_id = self._id(received_at)
        received_on = china_date(received_at)
        region = routing.jurisdiction or self._fallback
        series = f"TS:{region}:{received_on:%Y%m%d}"
        serial = self._serials[series] = self._serials.get(series, FIRST_SERIAL) + 1
        phone = f"142{self._chance.randrange(10**8):08d}"
        of_agency = routing.respondent_type in {"R01", "R02", "R03"}
        sealed: dict[str, Any] = {
            f"{field}_cipher": self._safe.seal(case_id, field, value)
            for field, value in (
                ("text", text),
                ("name", f"{self._chance.choice(SURNAMES)}样例"),
                ("phone", phone),
                ("respondent_name", agency.name if of_agency else None),
            )
        }
        return Case(
            id=case_id,
            number=case_number("TS", region, received_on, serial),
            version=1,
            state=State.RECEIVED,
            kind="complaint",
            urgency=routing.urgency,
            level=routing.level,
            region=region,
            jurisdiction=routing.jurisdiction,
            department=routing.main_department,
            categories=routing.categories,
            respondent_type=routing.respondent_type,
            respondent_key=agency.key if of_agency else None,
            respondent_subject_id=agency.id if of_agency else None,
            routing=routing.model_dump(mode="json"),
            rule_set=self._book.procedure.national(received_on).version,
            channel=self._chance.choice(("12345", "12345", "12345", "web", "mobile")),
            language="zh-CN",
            received_at=received_at,
            received_on=received_on,
            contract_check="none",
            claim_amount_fen=claim_fen,
            phone_index=self._safe.phone_index(phone),
            lookup_hash=code_hash(self._chance.randbytes(16).hex()),
            filed_by=_mark(self._plan),
            **sealed,
        )

    def _history(self, case: Case) -> list[CaseEvent]:
        """A lawful course from the state machine, as far as the days up to today reach."""
        data = {"channel": case.channel, "kind": case.kind, "categories": case.categories}
        events = [self._event(case, "submit", None, State.RECEIVED, case.received_on, data)]
        for event in self._path(case):
            wait = (
                1 if event in {Event.ACCEPT, Event.REFUSE, Event.TRANSFER} else self._chance.randrange(1, 8)
            )
            day = add_working_days(events[-1].on_day, wait).due_on
            if day > self._day:
                break
            before = State(case.state)
            case.state = next_state(event, before, None)
            case.version += 1
            self._take_over(case, event, day)
            events.append(self._event(case, event, before, State(case.state), day, self._fields(case, event)))
        set_next_due(case, deadlines_of(case, events, self._book.procedure, self._day))
        return events

    def _path(self, case: Case) -> tuple[Event, ...]:
        refusal = case.routing["refusal"]
        if refusal == "R3":
            return (Event.TRANSFER,)
        if refusal is not None:
            return (Event.REFUSE,)
        return self._chance.choices([path for _, path in PATHS], [weight for weight, _ in PATHS])[0]

    def _fields(self, case: Case, event: Event) -> dict[str, Any]:
        if event is Event.REFUSE:
            return {"ground": case.routing["refusal"]}
        if event is Event.TRANSFER:
            return {"department": case.department}
        return {"amount_fen": case.outcome_amount_fen} if event in {Event.AGREE, Event.SELF_SETTLE} else {}

    def _take_over(self, case: Case, event: Event, day: date) -> None:
        if event is Event.ACCEPT:
            case.accepted_on = day
        elif event is Event.SERVE:
            case.served_on = day
        elif event in {Event.AGREE, Event.SELF_SETTLE}:
            case.outcome_amount_fen = (case.claim_amount_fen or 0) * self._chance.randrange(30, 101) // 100
        if event in OUTCOMES or event is Event.TRANSFER:
            case.closed_on = day

    def _event(
        self, case: Case, event: str, before: State | None, after: State, day: date, data: dict[str, Any]
    ) -> CaseEvent:
        at = datetime(day.year, day.month, day.day, 10, tzinfo=CHINA).astimezone(UTC)
        if event == "submit":
            at = case.received_at
        return CaseEvent(
            id=self._id(at),
            case_id=case.id,
            seq=case.version,
            event=event,
            from_state=before,
            to_state=after,
            on_day=day,
            at=at,
            actor_kind="tourist" if event == "submit" else "officer",
            actor="synthetic",
            data=data,
        )

    def _county(self, region: str) -> str:
        inside = [code for code in regions.counties(self._plan.province) if regions.covers(region, code)]
        return self._chance.choice(inside)

    def _id(self, at: datetime) -> UUID:
        """A UUIDv7 of that instant, its random part drawn from the plan's chance."""
        head = (int(at.timestamp() * 1000) << 80) | (7 << 76) | (self._chance.getrandbits(12) << 64)
        return UUID(int=head | (2 << 62) | self._chance.getrandbits(62))
