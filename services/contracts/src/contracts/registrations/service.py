"""Registering contracts, and refusing them with a trace."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from common import ledger
from common.auth import Principal
from common.clock import Clock, china_date
from common.crypto import DataKey, Keyring
from common.db import new_id
from common.ledger import LogSigner
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.checks.findings import Finding
from contracts.checks.service import Examined, examine_document
from contracts.documents.canonical import canonical_bytes, sha256
from contracts.documents.schemas import Submission
from contracts.events import announce_contract
from contracts.policies import Library
from contracts.price_alerts.service import raise_price_alert
from contracts.registrations import repository
from contracts.registrations.errors import OrderAlreadyFiled, PlatformMismatch
from contracts.registrations.models import (
    Attempt,
    AttemptKey,
    Contract,
    ContractKey,
    ContractTraveler,
    ContractVersion,
    FiledOrder,
)
from contracts.registrations.rules import ORDER_NO_LENGTH, ContractNumber, Status, province_of
from contracts.subjects.service import find_subject

__all__ = [
    "REGISTERED",
    "Filing",
    "Refusal",
    "Registrar",
    "Registration",
    "document_context",
    "purge_attempts",
]

REGISTERED = "contract_registered"


@dataclass(frozen=True, slots=True)
class Filing:
    """A document of good structure, with its canonical bytes and their hash."""

    document: Submission
    canonical: bytes
    hash: bytes

    @classmethod
    def of(cls, document: Submission, content: Any) -> "Filing":
        """The filing of `content`, the parsed JSON that `document` was read from."""
        canonical = canonical_bytes(content)
        return cls(document, canonical, sha256(canonical))


@dataclass(frozen=True, slots=True)
class Registration:
    """What was answered to a registered document."""

    contract_no: str
    version: int
    findings: list[Finding]
    promise: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Findings that refuse a document; the attempt is stored and must be committed."""

    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Registrar:
    """Registers documents inside one transaction of the caller's."""

    session: AsyncSession
    library: Library
    keyring: Keyring
    log: LogSigner
    clock: Clock

    async def submit(self, filing: Filing, principal: Principal) -> Registration | Refusal:
        """Register a document for the platform that the caller is.

        Raises:
            PlatformMismatch: the caller is not the document's `submitting_platform`.
            OrderAlreadyFiled, InvalidPayload: as `register`.
        """
        platform = await find_subject(self.session, principal.subject_id)
        if platform is None or platform.key != filing.document.submitting_platform.platform_uscc:
            raise PlatformMismatch
        return await self.register(filing)

    async def register(self, filing: Filing) -> Registration | Refusal:
        """Register a document, or keep the refused attempt.

        One (platform, order number) is one contract: the same document gets the same answer for ever. Error
        findings refuse; warnings, infos and alerts do not. Number, document, ledger entry, alert and event
        are one transaction. Basis: 旅游法 57-63, 旅行社条例 28, 在线旅游经营服务管理暂行规定 (合同数据报送).

        Raises:
            OrderAlreadyFiled: the order number is registered with another document.
            InvalidPayload: the order number is too long, or the day of signing lies before the first rules.
        """
        platform = filing.document.submitting_platform
        if len(platform.platform_order_no) > ORDER_NO_LENGTH:
            raise InvalidPayload.at(
                "/submitting_platform/platform_order_no",
                Text(f"至多 {ORDER_NO_LENGTH} 个字符", f"At most {ORDER_NO_LENGTH} characters"),
            )
        known = await self._answered_before(filing)
        if known is not None:
            return known
        now = self.clock.now()
        examined = await examine_document(self.session, self.library, filing.document, china_date(now))
        if examined.refused:
            await self._keep_attempt(filing, examined, now)
            await self._alert(filing, examined, None, now)
            return Refusal(examined.findings)
        number = await self._number(filing, examined, now)
        claim = FiledOrder(
            platform_key=platform.platform_uscc,
            order_no=platform.platform_order_no,
            event=REGISTERED,
            document_hash=filing.hash,
            contract_no=number,
            version=1,
        )
        if not await repository.claim_order(self.session, claim):
            known = await self._answered_before(filing)
            if known is None:
                raise OrderAlreadyFiled
            return known
        return await self._store(filing, examined, number, now)

    async def _answered_before(self, filing: Filing) -> Registration | None:
        platform = filing.document.submitting_platform
        filed = await repository.find_filed_order(
            self.session, platform.platform_uscc, platform.platform_order_no, REGISTERED
        )
        if filed is None:
            return None
        if filed.document_hash != filing.hash:
            raise OrderAlreadyFiled
        version = await repository.find_version(self.session, filed.contract_no, filed.version)
        if version is None:
            raise OrderAlreadyFiled
        findings = [Finding.restored(stored) for stored in version.findings]
        return Registration(version.contract_no, version.version, findings, version.promise)

    async def _number(self, filing: Filing, examined: Examined, now: datetime) -> str:
        kind = self.library.kind(filing.document.contract.contract_type)
        serial = await repository.next_serial(self.session)
        return str(ContractNumber(province_of(examined.region), china_date(now), kind.code, serial))

    async def _store(self, filing: Filing, examined: Examined, number: str, now: datetime) -> Registration:
        document, today = filing.document, china_date(now)
        log_id = uuid4()
        promise = await ledger.append(
            self.session,
            log=self.log,
            id=str(log_id),
            version=1,
            event=REGISTERED,
            document_hash=filing.hash,
            now=now,
        )
        contract = Contract(
            contract_no=number,
            registered_on=today,
            contract_type=document.contract.contract_type,
            status=Status.REGISTERED,
            platform_key=document.submitting_platform.platform_uscc,
            order_no=document.submitting_platform.platform_order_no,
            agency_key=document.agency.uscc,
            agency_name=document.agency.name,
            license_no=document.agency.license_no,
            region=examined.region,
            tour_code=document.group.tour_code,
            template_title=document.contract.template.title,
            edition_year=document.contract.template.edition_year,
            departure_on=china_date(document.group.departure_at),
            return_on=china_date(document.group.return_at),
            headcount=len(document.travelers),
            total_fen=document.fees.total_fen,
            signature_level=examined.signature_level,
            registered_at=now,
        )
        key = DataKey.generate()
        version = ContractVersion(
            contract_no=number,
            version=1,
            registered_on=today,
            event=REGISTERED,
            document_hash=filing.hash,
            document_cipher=key.encrypt(filing.canonical.decode(), context=document_context(number, 1)),
            findings=[finding.stored() for finding in examined.findings],
            policy_versions=examined.policy_versions,
            measures=examined.measures,
            promise=promise.document(),
            recorded_at=now,
        )
        wrapped = key.wrap(self.keyring, context=f"contracts.key/{number}")
        travelers = [
            ContractTraveler(
                contract_no=number,
                version=1,
                position=at,
                registered_on=today,
                id_index=self.keyring.blind_index(
                    f"{traveler.id_type}:{traveler.id_number.strip().upper()}",
                    context="contracts.traveler_id",
                ),
            )
            for at, traveler in enumerate(document.travelers)
        ]
        kept = ContractKey(contract_no=number, wrapped_key=wrapped, log_id=log_id)
        rows = [contract, version, kept, *travelers]
        await repository.add(self.session, rows)
        await announce_contract(self.session, REGISTERED, contract, now)
        await self._alert(filing, examined, number, now)
        return Registration(number, 1, examined.findings, version.promise)

    async def _keep_attempt(self, filing: Filing, examined: Examined, now: datetime) -> None:
        document, today = filing.document, china_date(now)
        days = self.library.retention.choose("retention", on=today).attempt_days
        attempt_id, expires_on = new_id(), today + timedelta(days=days)
        claim = AttemptKey(
            platform_key=document.submitting_platform.platform_uscc,
            order_no=document.submitting_platform.platform_order_no,
            document_hash=filing.hash,
            attempt_id=attempt_id,
            expires_on=expires_on,
        )
        if not await repository.claim_attempt(self.session, claim):
            return
        key = DataKey.generate()
        attempt = Attempt(
            id=attempt_id,
            attempted_on=today,
            platform_key=claim.platform_key,
            order_no=claim.order_no,
            agency_key=document.agency.uscc,
            region=examined.region,
            document_hash=filing.hash,
            document_cipher=key.encrypt(filing.canonical.decode(), context=f"contracts.attempt/{attempt_id}"),
            wrapped_key=key.wrap(self.keyring, context=f"contracts.attempt_key/{attempt_id}"),
            findings=[finding.stored() for finding in examined.findings],
            policy_versions=examined.policy_versions,
            measures=examined.measures,
            attempted_at=now,
            expires_on=expires_on,
        )
        await repository.add(self.session, [attempt])

    async def _alert(
        self, filing: Filing, examined: Examined, contract_no: str | None, now: datetime
    ) -> None:
        platform = filing.document.submitting_platform
        await raise_price_alert(
            self.session,
            findings=examined.findings,
            platform_key=platform.platform_uscc,
            order_no=platform.platform_order_no,
            document_hash=filing.hash,
            agency_key=filing.document.agency.uscc,
            region=examined.region,
            contract_no=contract_no,
            ratio=examined.price_ratio,
            now=now,
        )


def document_context(contract_no: str, version: int) -> str:
    """What a stored document is bound to: it decrypts in its own place only."""
    return f"contracts.document/{contract_no}/{version}"


async def purge_attempts(session: AsyncSession, now: datetime) -> int:
    """Delete refused attempts whose retention is over (PIPL 19: no longer than needed); gives how many."""
    return await repository.delete_expired_attempts(session, china_date(now))
