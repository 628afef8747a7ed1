"""Use cases of papers: order one with the event that causes it, list them, hand one out, order one again."""

import json
from base64 import b64decode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from common import audit, regions
from common.auth import Principal
from common.crypto import Keyring
from common.db import new_id

from complaints.cases.clocks import Deadline
from complaints.cases.models import Case, CaseEvent
from complaints.cases.repository import CaseRepository
from complaints.cases.safe import CaseSafe
from complaints.cases.schemas import EventIn
from complaints.compensation.schemas import EstimateOut
from complaints.documents.errors import DocumentFailed, DocumentNotFailed, DocumentNotFound
from complaints.documents.models import Document
from complaints.documents.policy import PaperForm
from complaints.documents.rendering import template_hash
from complaints.documents.repository import DocumentRepository
from complaints.documents.rules import SERVED_ON_RESPONDENT, Kind, State, series_name
from complaints.documents.schemas import DocumentView, TemplateView
from complaints.documents.wording import Happening, PaperFacts, paper_data
from complaints.policybook import PolicyBook

__all__ = ["DocumentDesk", "Paper", "content_context", "data_context"]

CONTACTS = ("phone", "id_number", "address", "email")


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as it is handed out; `pdf` is None while the worker has not made it yet."""

    document: Document
    pdf: bytes | None


def data_context(document_id: UUID) -> str:
    """What the stored data of a paper are bound to."""
    return f"complaints.document.data:{document_id}"


def content_context(document_id: UUID) -> str:
    """What the stored PDF of a paper is bound to."""
    return f"complaints.document.content:{document_id}"


class DocumentDesk:
    """Papers of cases, in one transaction. Typesetting is the worker's."""

    def __init__(
        self,
        documents: DocumentRepository,
        cases: CaseRepository,
        policies: PolicyBook,
        keyring: Keyring,
    ) -> None:
        self._documents = documents
        self._cases = cases
        self._policies = policies
        self._keys = keyring
        self._safe = CaseSafe(keyring)

    async def request(
        self,
        kind: str,
        case: Case,
        event: CaseEvent,
        found: Sequence[Deadline],
        act: EventIn,
        estimate: EstimateOut | None,
        now: datetime,
    ) -> Document:
        """Order the paper that `event` (already stored) causes, in the transaction of the event.

        The number is without gaps within kind, authority and year: an event that is rolled back gives its
        number back. What the paper says is fixed here and encrypted; the form is that of the rule set under
        which the complaint was received (Measures arts. 15, 17, 25). `estimate` is what the
        service itself has reckoned from the inputs of the act.
        """
        which = Kind(kind)
        form = self._policies.papers.form(which, case.received_on, case.region)
        authority = self._policies.papers.authority(case.received_on, case.region)
        year = event.on_day.year
        serial = await self._cases.next_serial(series_name(which, case.region, year))
        number = authority.number(form.word, year, case.region, serial)
        facts = await self._facts(
            form, number, authority.name(case.region), case, event, found, act, estimate
        )
        identity = new_id()
        document = Document(
            id=identity,
            case_id=case.id,
            kind=which,
            number=number,
            template_id=form.id,
            template_version=form.version,
            template_sha256=template_hash(which),
            data_cipher=self._keys.encrypt(
                json.dumps(paper_data(facts), ensure_ascii=False), context=data_context(identity)
            ),
            state=State.ORDERED,
            ordered_at=now,
        )
        await self._documents.add(document)
        return document

    async def of_case(self, case_id: UUID, reader: Principal, language: str) -> list[DocumentView]:
        """The papers of a case that the reader may see, oldest first.

        Raises:
            DocumentNotFound: the case is not the reader's to see.
        """
        case = await self._case(case_id, reader)
        return [
            self._view(document, case, language)
            for document in await self._documents.of_case(case.id, _addressed_to(reader))
        ]

    async def read(self, case_id: UUID, document_id: UUID, reader: Principal, now: datetime) -> Paper:
        """One paper. It names persons, so who read it is recorded in the same transaction.

        Raises:
            DocumentNotFound: not the reader's to see, or not served on the reader.
            DocumentFailed: it could not be made.
        """
        case = await self._case(case_id, reader)
        document = await self._documents.find(case.id, document_id, _addressed_to(reader))
        if document is None:
            raise DocumentNotFound
        if document.state == State.FAILED:
            raise DocumentFailed
        if document.content is None:
            return Paper(document, None)
        await audit.record(
            self._documents.session,
            actor=reader,
            action="document.read",
            target=f"document:{document.id}",
            details={"case_id": str(case_id), "kind": document.kind},
            now=now,
        )
        token = document.content.decode("ascii")
        return Paper(document, b64decode(self._keys.decrypt(token, context=content_context(document.id))))

    async def order_again(
        self, case_id: UUID, document_id: UUID, actor: Principal, language: str, now: datetime
    ) -> DocumentView:
        """Send a paper that failed to the worker again, with all its attempts.

        Raises:
            DocumentNotFound: not the actor's to see.
            DocumentNotFailed: it is waiting or ready.
        """
        case = await self._case(case_id, actor)
        document = await self._documents.find(case.id, document_id, _addressed_to(actor), lock=True)
        if document is None:
            raise DocumentNotFound
        if document.state != State.FAILED:
            raise DocumentNotFailed
        document.state = State.ORDERED
        document.attempts = 0
        await audit.record(
            self._documents.session,
            actor=actor,
            action="document.order_again",
            target=f"document:{document.id}",
            now=now,
        )
        return self._view(document, case, language)

    async def _case(self, case_id: UUID, reader: Principal) -> Case:
        case = await self._cases.find(case_id, reader)
        if case is None:
            raise DocumentNotFound
        return case

    def _view(self, document: Document, case: Case, language: str) -> DocumentView:
        form = self._policies.papers.form(Kind(document.kind), case.received_on, case.region)
        return DocumentView(
            id=document.id,
            case_id=document.case_id,
            kind=form.kind,
            title=form.title.en if language == "en" else form.title.zh,
            number=document.number,
            state=State(document.state).value,
            template=TemplateView(
                id=document.template_id,
                version=document.template_version,
                sha256=document.template_sha256,
                status=form.status,
            ),
            ordered_at=document.ordered_at,
            ready_at=document.ready_at,
            sha256=document.content_sha256,
            size=document.size,
            path=f"/api/v1/complaints/cases/{document.case_id}/documents/{document.id}.pdf",
        )

    async def _facts(
        self,
        form: PaperForm,
        number: str,
        authority: str,
        case: Case,
        event: CaseEvent,
        found: Sequence[Deadline],
        act: EventIn,
        estimate: EstimateOut | None,
    ) -> PaperFacts:
        received_on = case.received_on
        reply = next(
            term for term in self._policies.procedure.national(received_on).terms if term.id == "reply"
        )
        taxonomy = self._policies.routing.taxonomy.choose("taxonomy", on=received_on)
        names = {item.code: item.name for item in taxonomy.problems}
        rules = self._policies.routing.rules.choose("routing-rules", on=received_on)
        reported = set(rules.settings.report_native) if case.kind == "both" else set()
        body, hotline = self._body(act.department, act.region, received_on)
        history = await self._cases.history(case.id)
        return PaperFacts(
            kind=Kind(form.kind),
            title=form.title.zh,
            number=number,
            authority=authority,
            issued_on=event.on_day,
            basis=form.basis,
            notes=form.notes,
            case_number=case.number,
            received_on=received_on,
            accepted_on=case.accepted_on,
            complainant=self._safe.open(case, "name") or "",
            contacts=[value for field in CONTACTS if (value := self._safe.open(case, field))],
            respondent=self._safe.open(case, "respondent_name") or case.respondent_key or "被投诉人",
            respondent_key=case.respondent_key,
            contract_no=case.contract_no,
            problems=[names.get(code, code) for code in case.categories if code not in reported],
            text=self._safe.open(case, "text") or "",
            split_from_report=case.kind == "both",
            claim_amount_fen=case.claim_amount_fen,
            wish=self._safe.open(case, "wish"),
            course=[Happening(past.event, past.on_day) for past in history],
            reply_term=f"{reply.days}{'个工作日' if reply.unit == 'working_days' else '日'}",
            reply_article=reply.article,
            conclude=next((deadline for deadline in found if deadline.event == "conclude"), None),
            ground=form.grounds.get(act.ground) if act.ground else None,
            body=body,
            hotline=hotline,
            note=act.note,
            terms=act.terms,
            amount_fen=act.amount_fen,
            pay_by=act.pay_by,
            estimate=estimate,
        )

    def _body(self, code: str | None, region: str | None, on: date) -> tuple[str | None, str | None]:
        """The name and the hotline of the body to which the complainant is sent."""
        if code is None:
            return (regions.full_name(region), None) if region else (None, None)
        known = self._policies.routing.departments.choose("departments", on=on).departments
        found = next((department for department in known if department.code == code), None)
        place = regions.full_name(region) if region else ""
        return (f"{place}{found.name}", found.hotline) if found else (f"{place}{code}", None)


def _addressed_to(reader: Principal) -> Collection[Kind]:
    """The respondent gets the papers that are served on it; all others who see the case see all of them."""
    if reader.may("complaints:handle", "complaints:supervise") and reader.kind != "agency":
        return tuple(Kind)
    return SERVED_ON_RESPONDENT
