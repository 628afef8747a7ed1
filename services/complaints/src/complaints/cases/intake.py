"""Filing a complaint, and the tourist's own view of it by number and secret code."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from common.auth import Principal
from common.clock import Clock, china_date
from common.crypto import Keyring
from common.db import new_id
from common.problems import Problem, Text, TooManyRequests

from complaints.cases.errors import LookupFailed, ReportNotTakenHere
from complaints.cases.history import deadlines_of, set_next_due
from complaints.cases.models import Case, CaseEvent
from complaints.cases.repository import CaseRepository
from complaints.cases.rules import State
from complaints.cases.safe import CaseSafe
from complaints.cases.schemas import ComplaintIn, FiledKind, FiledOut, LookupIn, PublicCaseView, ReportNotice
from complaints.cases.views import deadlines_out, public_view
from complaints.clients.contracts import ContractAnswer
from complaints.config import Settings
from complaints.numbers import case_number, code_hash, code_matches, new_lookup_code
from complaints.policybook import PolicyBook
from complaints.publishing import announce_case
from complaints.routing.rules import Enquiry, Places, RoutingResult
from complaints.routing.schemas import RoutingOut
from complaints.routing.service import RoutingService
from complaints.subjects.models import Subject
from complaints.subjects.repository import SubjectRepository

__all__ = ["IntakeService"]

REPORT_LEFT_OUT = Text(
    "文中举报涉嫌违法行为的部分未在此受理，也未转交被投诉人；请通过受保护的举报渠道另行提交，或拨打12345",
    "The part that reports a violation was not taken here and not passed on; "
    "please hand it in through the protected channel for reports, or call 12345",
)
REPORT_REFUSED = Text(
    "内容属于举报：举报人身份须受保护，请通过受保护的举报渠道提交，或拨打12345。本次提交的内容没有保存",
    "This is a report: the reporter's identity must be protected, so please use the protected channel for "
    "reports or call 12345. Nothing of what you sent was stored",
)


class IntakeService:
    """Takes complaints in."""

    def __init__(
        self,
        cases: CaseRepository,
        subjects: SubjectRepository,
        routing: RoutingService,
        policies: PolicyBook,
        settings: Settings,
        keyring: Keyring,
        clock: Clock,
    ) -> None:
        self._cases = cases
        self._subjects = subjects
        self._routing = routing
        self._policies = policies
        self._settings = settings
        self._keys = keyring
        self._safe = CaseSafe(keyring)
        self._clock = clock

    async def file(
        self, complaint: ComplaintIn, contract: ContractAnswer, actor: Principal, language: str
    ) -> FiledOut:
        """File a complaint: route it, number it, start its clocks (Measures arts. 10-12, 15).

        Of a text that is complaint and report at once only the complaint is filed, and the answer says so.
        Amounts are fen, days are days in China.

        Raises:
            ReportNotTakenHere: it is a report and no complaint; nothing is stored.
            PolicyNotInForce: no rule set covers the day of receipt.
        """
        now = self._clock.now()
        subject = await self._respondent(complaint, contract)
        result = self._routing.route(self._enquiry(complaint, contract, subject, now))
        if result.kind == "report" or complaint.kind == "report":
            raise ReportNotTakenHere(REPORT_REFUSED)
        lookup_code = new_lookup_code()
        case = await self._new_case(complaint, contract, subject, result, actor, now)
        case.lookup_hash = code_hash(lookup_code)
        told = await self._subjects.measures_of(case.respondent_subject_id, case.respondent_key)
        cited = self._policies.measures.citations(told, "case", "submit", case.received_on, case.region)
        first = CaseEvent(
            id=new_id(),
            case_id=case.id,
            seq=1,
            event="submit",
            to_state=State.RECEIVED,
            on_day=case.received_on,
            at=now,
            actor_kind=actor.kind,
            actor=actor.sub,
            data={"channel": case.channel, "kind": case.kind, "categories": case.categories} | cited,
        )
        found = deadlines_of(case, [first], self._policies.procedure, case.received_on)
        set_next_due(case, found)
        await self._cases.add(case, first)
        await announce_case(self._cases.session, "case_received", case, now)
        report = (
            ReportNotice(taken=False, lookup_code=None, notice=REPORT_LEFT_OUT.render(language))
            if result.kind == "both"
            else None
        )
        return FiledOut(
            id=case.id,
            number=case.number,
            lookup_code=lookup_code,
            kind=cast(FiledKind, case.kind),
            categories=case.categories,
            routing=RoutingOut.of(result),
            deadlines=deadlines_out(found),
            report=report,
        )

    async def look_up(self, asked: LookupIn, address: str) -> PublicCaseView | Problem:
        """The tourist's view for number and code, or the Problem to answer with.

        The Problem is given, not raised: the count of failures must be committed. A wrong number and a wrong
        code cost the same work: one count, one read by number, one hash comparison.
        """
        case = await self._open(asked, address, lock=False)
        return case if isinstance(case, Problem) else await self.tourist_view(case)

    async def authenticate(self, asked: LookupIn, address: str) -> Case | Problem:
        """The case, locked for a change, if number and code belong together; else the Problem to give."""
        return await self._open(asked, address, lock=True)

    async def tourist_view(self, case: Case) -> PublicCaseView:
        """The tourist's view of `case`."""
        today = china_date(self._clock.now())
        events = await self._cases.history(case.id)
        found = deadlines_of(case, events, self._policies.procedure, today)
        return public_view(case, events, found, self._routing.departments(case.received_on))

    async def _open(self, asked: LookupIn, address: str, *, lock: bool) -> Case | Problem:
        """The case that number and code open. Only failures count against the number and the address.

        Each attempt is counted before it is judged, so that attempts at once cannot outrun the limit, and a
        success takes its own count back. The window runs on the database's time: our clock may be held.
        """
        window = self._settings.lookup_window_seconds
        now = await self._cases.database_time()
        start = datetime.fromtimestamp(now.timestamp() // window * window, tz=UTC)
        limits = (
            ("number", asked.number.strip().upper(), self._settings.lookups_per_number),
            ("address", address, self._settings.lookups_per_address),
        )
        counted = []
        over = False
        for subject, value, limit in limits:
            index = self._keys.blind_index(value, context=f"complaints.lookup.{subject}")
            over |= await self._cases.count_lookup(subject, index, start) > limit
            counted.append((subject, index))
        if over:
            wait = int(start.timestamp() + window - now.timestamp()) + 1
            return TooManyRequests(wait, Text("查询失败次数过多，请稍后再试", "Too many failures; try later"))
        case = await self._cases.find_by_number(asked.number.strip().upper(), lock=lock)
        if not code_matches(asked.code, case.lookup_hash if case else None) or case is None:
            return LookupFailed()
        for subject, index in counted:
            await self._cases.count_lookup(subject, index, start, by=-1)
        return case

    async def _respondent(self, complaint: ComplaintIn, contract: ContractAnswer) -> Subject | None:
        key = complaint.respondent.key or (contract.facts.agency_key if contract.facts else None)
        return await self._subjects.find_by_key(key) if key else None

    def _enquiry(
        self, complaint: ComplaintIn, contract: ContractAnswer, subject: Subject | None, now: datetime
    ) -> Enquiry:
        places = complaint.places.places()
        seat = (
            places.respondent
            or (subject.region if subject else None)
            or (contract.facts.region if contract.facts else None)
        )
        claim = complaint.claim
        return Enquiry(
            text=f"{complaint.text}。{claim.wish}" if claim.wish else complaint.text,
            received_on=china_date(now),
            places=Places(places.contract_signed, seat, places.incident),
            contract_end_on=contract.facts.return_on if contract.facts else complaint.contract_end_on,
            contract_no=complaint.contract_no,
            respondent_name=complaint.respondent.name,
            declared_kind=complaint.kind,
            claims=bool(claim.amount_fen),
        )

    async def _new_case(
        self,
        complaint: ComplaintIn,
        contract: ContractAnswer,
        subject: Subject | None,
        result: RoutingResult,
        actor: Principal,
        now: datetime,
    ) -> Case:
        case_id = new_id()
        received_on = china_date(now)
        region = result.jurisdiction or self._settings.intake_region
        serial = await self._cases.next_serial(f"TS:{region}:{received_on:%Y%m%d}")
        person = complaint.complainant
        facts = contract.facts
        sealed: dict[str, Any] = {
            f"{field}_cipher": self._safe.seal(case_id, field, value)
            for field, value in _private_fields(complaint, subject)
        }
        return Case(
            id=case_id,
            number=case_number("TS", region, received_on, serial),
            version=1,
            state=State.RECEIVED,
            kind=result.kind,
            urgency=result.urgency,
            level=result.level,
            region=region,
            jurisdiction=result.jurisdiction,
            department=result.main_department,
            categories=list(result.categories),
            respondent_type=result.respondent_type,
            respondent_key=complaint.respondent.key or (facts.agency_key if facts else None),
            respondent_subject_id=subject.id if subject else None,
            routing=RoutingOut.of(result).model_dump(mode="json"),
            rule_set=self._policies.procedure.national(received_on).version,
            channel=complaint.channel,
            language=complaint.language,
            received_at=now,
            received_on=received_on,
            contract_no=complaint.contract_no,
            contract_check=contract.check,
            contract_end_on=facts.return_on if facts else complaint.contract_end_on,
            claim_amount_fen=complaint.claim.amount_fen,
            phone_index=self._safe.phone_index(person.phone),
            filed_by=actor.client_id[:80],
            **sealed,
        )


def _private_fields(complaint: ComplaintIn, subject: Subject | None) -> Sequence[tuple[str, str | None]]:
    person = complaint.complainant
    return (
        ("respondent_name", complaint.respondent.name or (subject.name if subject else None)),
        ("text", complaint.text),
        ("wish", complaint.claim.wish),
        ("name", person.name),
        ("phone", person.phone),
        ("id_number", person.id_number),
        ("address", person.address),
        ("email", person.email),
    )
