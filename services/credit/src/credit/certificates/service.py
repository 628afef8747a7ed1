"""Use cases of certificates: issue, read, verify, note who relied on one, end what no longer holds."""

import json
import secrets
from collections.abc import Collection
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from common import audit
from common.auth import Principal
from common.calendar import add_months
from common.clock import china_date
from common.db import new_id
from common.ledger import get_receipt
from common.ledger.receipt import Receipt
from common.pagination import Page, encode_cursor, page_of
from common.problems import Forbidden, InvalidPayload, Problem, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected
from credit.environment import Environment
from credit.paging import cursor_id
from credit.papers.service import PaperService
from credit.subjects.errors import SubjectNotFound
from credit.subjects.rules import Kind, is_person

from .ending import CertificateEndings, log_id
from .errors import CertificateNotFound, MadeForAnother, NotCertifiable
from .models import Certificate, CertificateUse
from .rules import (
    CODE_BYTES,
    Because,
    Purpose,
    State,
    Validity,
    canonical,
    code_fits,
    code_hash,
    code_of,
    same_party,
    validity,
)
from .schemas import (
    CertificateIn,
    CertificateMade,
    CertificateView,
    Checked,
    UseIn,
    UseView,
    Verification,
    VerifyIn,
)
from .statement import Statement

__all__ = ["CertificateService"]

PAPER = "credit_certificate"
REFUSED = "refused"
_NOBODY = code_hash("no certificate has this code")


class CertificateService(CertificateEndings):
    """Certificates of subjects."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        super().__init__(session, env)
        self._papers = PaperService(session, env, language)

    async def issue(self, actor: Principal, wanted: CertificateIn) -> CertificateMade:
        """Issue a certificate for one purpose and one relying party.

        It takes the place of the one issued before for the same purpose and party. A natural person's needs
        its authorisation, unless the person asks itself.

        Raises:
            SubjectNotFound: not the caller's to see.
            Forbidden: the caller may only read.
            NotCertifiable: a provisional or merged subject.
            InvalidPayload: a day in the future or before the archive, or no consent.
        """
        subject_id = wanted.subject_id or actor.subject_id
        if subject_id is None:
            raise InvalidPayload.at("/subject_id", Text("须指明主体", "Say whose certificate it is"))
        # Facts are recorded under this lock: nothing enters between the statement and its moment.
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None:
            raise SubjectNotFound
        own = actor.subject_id == subject.id
        if not own and not actor.may("credit:write"):
            raise Forbidden(Text("需要权限范围 credit:write", "The scope credit:write is needed"))
        if subject.kind == Kind.UNLICENSED_OPERATOR or subject.merged_into is not None:
            raise NotCertifiable
        if is_person(subject.kind, subject.key) and not own and wanted.consent is None:
            raise InvalidPayload.at(
                "/consent", Text("自然人的证明须有本人授权", "A natural person must have authorised it")
            )
        now = self._env.clock.now()
        today = china_date(now)
        as_of = wanted.as_of or today
        if not date(2000, 1, 1) <= as_of <= today:
            raise InvalidPayload.at(
                "/as_of", Text("须在2000年至今日之间", "Must lie between the year 2000 and today")
            )
        policy = self._env.rulebook.certificates.choose("certificates", on=today, region=subject.region)
        rule = policy.of(wanted.purpose)
        valid_until = add_months(today, rule.valid_months)
        certificate_id = new_id()
        statement = Statement(self._session, self._env, subject, as_of)
        document, based_on = await statement.made(
            certificate_id, wanted.purpose, wanted.relying_party, today, valid_until, policy
        )
        raw = canonical(document)
        code = code_of(secrets.token_bytes(CODE_BYTES))
        digest = sha256(raw).hexdigest()
        before = await self._certificates.standing(subject.id, wanted.purpose, wanted.relying_party)
        if before is not None:
            await self._end(before, State.SUPERSEDED, Because.NEWER, now)
        paper = await self._papers.issue(
            PAPER,
            subject,
            ("certificates", certificate_id),
            statement.on_paper(document, rule.name.zh, code, digest),
            actor.sub,
        )
        made = Certificate(
            id=certificate_id,
            number=paper.number,
            subject_id=subject.id,
            purpose=wanted.purpose,
            relying_party=wanted.relying_party,
            consent=wanted.consent,
            as_of=as_of,
            known_at=subject.last_recorded_at,
            valid_until=valid_until,
            document=raw.decode(),
            document_sha256=digest,
            code_sha256=code_hash(code),
            based_on=based_on,
            paper_id=paper.id,
            state=State.ISSUED,
            issued_on=today,
            issued_at=now,
            issued_by=actor.sub,
            looked_on=today,
            looked_version=subject.version,
        )
        self._certificates.add(made)
        await self._session.flush()
        await self._log(made, 1, "certificate_issued", bytes.fromhex(digest), now)
        await audit.record(
            self._session,
            actor=actor,
            action="certificate.issue",
            target=f"certificate:{made.id}",
            purpose=wanted.purpose,
            details={"subject": str(subject.id), "consent": wanted.consent is not None or own},
            now=now,
        )
        return CertificateMade(**self._view(made, 0).model_dump(), code=code)

    async def get(self, actor: Principal, certificate_id: UUID) -> CertificateView:
        """A certificate the caller may see, as it stands now. Raises CertificateNotFound."""
        found = await self._find(actor, certificate_id)
        uses = await self._certificates.count_uses([found.id])
        return self._view(found, uses.get(found.id, 0), await self._broken(found))

    async def search(
        self, actor: Principal, subject_id: UUID | None, cursor: str | None, limit: int
    ) -> Page[CertificateView]:
        """Certificates the caller may see, the newest first. Raises InvalidPayload."""
        rows = await self._certificates.page(actor, subject_id, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        uses = await self._certificates.count_uses([row.id for row in items])
        return Page(items=[self._view(row, uses.get(row.id, 0)) for row in items], next_cursor=following)

    async def pdf(self, actor: Principal, certificate_id: UUID) -> tuple[str, bytes]:
        """Number and PDF of a certificate the caller may see; the reading is audited."""
        found = await self._find(actor, certificate_id)
        _, raw = await self._papers.pdf(actor, found.paper_id)
        return found.number, raw

    async def receipt(self, actor: Principal, certificate_id: UUID) -> Receipt | None:
        """The log's receipt of the document; None until it is included. Raises CertificateNotFound."""
        found = await self._find(actor, certificate_id)
        return await get_receipt(self._session, log=self._env.log, id=log_id(found.id), version=1)

    async def verify(self, wanted: VerifyIn) -> Verification | Problem:
        """What anyone with number and code may know; noted as a reliance.

        What the certificate states is looked at anew: one that is not true any more ends here. Who names
        neither party nor purpose is told that reliance was not checked (*unchecked*). Returns MadeForAnother,
        so that the asking is kept, for another party or purpose than its own.

        Raises:
            CertificateNotFound: the same answer, in the same time, whether number or code is wrong.
        """
        found = await self._certificates.by_number(wanted.number)
        fits = code_fits(wanted.code, found.code_sha256 if found else _NOBODY)
        if found is None or not fits:
            raise CertificateNotFound
        refused = await self._refused(found, None, wanted)
        if refused is not None:
            return refused
        found = await self._looked_at(found)
        told = validity(found.state, found.valid_until, self._today)
        checked: list[Checked] = [] if wanted.relying_party is None else ["relying_party"]
        checked += [] if wanted.purpose is None else ["purpose"]
        if told is Validity.VALID and not checked:
            told = Validity.UNCHECKED
        await self._note(found, None, wanted.relying_party, wanted.reference, told)
        return Verification(
            number=found.number,
            validity=told,
            because=Because(found.ended_because) if found.ended_because else None,
            checked=checked,
            purpose=Purpose(found.purpose),
            relying_party=found.relying_party,
            as_of=found.as_of,
            past=found.as_of < found.issued_on,
            issued_on=found.issued_on,
            valid_until=found.valid_until,
            document_sha256=found.document_sha256,
        )

    async def use(self, actor: Principal, certificate_id: UUID, wanted: UseIn) -> UseView | Problem:
        """Note that the caller relies on a certificate it holds the code of, and what it is told.

        Returns MadeForAnother as `verify`. Raises CertificateNotFound.
        """
        found = await self._certificates.get(certificate_id)
        fits = code_fits(wanted.code, found.code_sha256 if found else _NOBODY)
        if found is None or not fits:
            raise CertificateNotFound
        refused = await self._refused(found, actor, wanted)
        if refused is not None:
            return refused
        found = await self._looked_at(found)
        told = validity(found.state, found.valid_until, self._today)
        await self._note(found, actor, wanted.relying_party, wanted.reference, told)
        rows = await self._certificates.uses(found.id, None, 1)
        return _use(rows[0])

    async def uses(
        self, actor: Principal, certificate_id: UUID, cursor: str | None, limit: int
    ) -> Page[UseView]:
        """Who relied on a certificate the caller may see, the newest first."""
        found = await self._find(actor, certificate_id)
        rows = await self._certificates.uses(found.id, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[_use(row) for row in items], next_cursor=following)

    async def affected_by(self, subject_id: UUID, fact_id: UUID, since: datetime) -> list[Affected]:
        """The certificates that the fact entered and that were good at some time after `since`."""
        found: list[Affected] = []
        for row in await self._certificates.resting_on(subject_id, fact_id):
            if row.ended_at is None or row.ended_at >= since:
                what = Text(
                    f"信用证明 {row.number} 的内容或等级依据了该信息",
                    f"Certificate {row.number} states the fact or a grade that counts it",
                )
                found.append(Affected("certificate", row.id, row.number, row.issued_at, what))
        return found

    async def relied_on(
        self, subject_id: UUID, facts: Collection[UUID], since: datetime, after: UUID | None, limit: int
    ) -> tuple[list[Affected], UUID | None]:
        """Who relied since then on certificates that these facts entered; the last, where there is more."""
        rows = await self._certificates.relied_on(subject_id, facts, since, after, limit)
        found = []
        for use, number in rows:
            who = Text(use.relying_party or "未具名的使用方", use.relying_party or "somebody unnamed")
            what = Text(
                f"{who.zh} 依据信用证明 {number} 办理事项（{use.reference or '无文号'}）",
                f"{who.en} relied on certificate {number} ({use.reference or 'no reference'})",
            )
            found.append(Affected("reliance", use.id, number, use.used_at, what, was=use.told))
        return found, rows[-1][0].id if len(rows) == limit else None

    async def _find(self, actor: Principal, certificate_id: UUID) -> Certificate:
        found = await self._certificates.find(certificate_id, actor)
        if found is None:
            raise CertificateNotFound
        return found

    async def _refused(
        self, row: Certificate, actor: Principal | None, wanted: VerifyIn | UseIn
    ) -> MadeForAnother | None:
        """The refusal of another party or purpose than the certificate was made for, noted."""
        stranger = wanted.relying_party is not None and not same_party(
            wanted.relying_party, row.relying_party
        )
        if not stranger and wanted.purpose in (None, row.purpose):
            return None
        await self._note(row, actor, wanted.relying_party, wanted.reference, REFUSED)
        return MadeForAnother(
            number=row.number, relying_party=row.relying_party, purpose=row.purpose, present=row.state
        )

    async def _note(
        self,
        row: Certificate,
        actor: Principal | None,
        relying_party: str | None,
        reference: str | None,
        told: str,
    ) -> None:
        self._certificates.add(
            CertificateUse(
                id=new_id(),
                certificate_id=row.id,
                used_at=self._env.clock.now(),
                relying_party=relying_party,
                reference=reference,
                used_by=actor.sub if actor else None,
                told=told,
            )
        )
        await self._session.flush()

    def _view(
        self, row: Certificate, uses: int, broken: tuple[State, Because] | None = None
    ) -> CertificateView:
        state, because = broken or (row.state, row.ended_because)
        return CertificateView(
            **row.model_dump(
                include={
                    *("id", "number", "subject_id", "purpose", "relying_party", "as_of", "issued_on"),
                    *("valid_until", "ended_at", "document_sha256"),
                }
            ),
            validity=validity(state, row.valid_until, self._today),
            ended_because=Because(because) if because else None,
            document=json.loads(row.document),
            uses=uses,
            pdf=f"/api/v1/credit/certificates/{row.id}.pdf",
        )


def _use(row: CertificateUse) -> UseView:
    return UseView(**row.model_dump(exclude={"certificate_id"}))
