"""Reading registered contracts, each reader what it may, and recording departure and completion."""

import json
from dataclasses import dataclass
from typing import Any

from common import ledger
from common.auth import Principal
from common.clock import Clock, china_date
from common.crypto import DataKey, Keyring
from common.ledger import LogSigner
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import Text
from sqlalchemy import true
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.checks.findings import Finding
from contracts.checks.schemas import view as finding_view
from contracts.documents.masking import masked
from contracts.events import announce_contract
from contracts.policies import Library
from contracts.registrations import repository
from contracts.registrations.errors import ContractNotFound, NotThisContractsState
from contracts.registrations.models import Contract, ContractVersion
from contracts.registrations.rules import (
    ContractNumber,
    InvalidContractNumber,
    Status,
    may_complete,
    may_depart,
)
from contracts.registrations.schemas import (
    ContractSummary,
    ContractView,
    InternalContract,
    LogState,
    MeasureCited,
    Milestone,
    PromiseView,
    PublicVersion,
    PublicView,
    VersionView,
)
from contracts.registrations.service import document_context

__all__ = ["COMPLETED", "ContractReader"]

COMPLETED = "contract_completed"


@dataclass(frozen=True, slots=True)
class ContractReader:
    """Use cases on contracts that are registered, inside one transaction of the caller's."""

    session: AsyncSession
    library: Library
    keyring: Keyring
    log: LogSigner
    clock: Clock

    async def get(self, contract_no: str, principal: Principal, language: str) -> ContractView:
        """A contract with its latest version, persons masked.

        Raises:
            ContractNotFound: no such contract, or not the caller's to see.
        """
        contract = await self._visible(contract_no, principal)
        latest = await self._version(contract, contract.version, principal, language)
        return ContractView(**_summary(contract).model_dump(), latest=latest)

    async def list(
        self,
        principal: Principal,
        *,
        order_no: str | None,
        agency_key: str | None,
        cursor: str | None,
        limit: int,
    ) -> Page[ContractSummary]:
        """The contracts the caller may see, by falling number.

        Raises:
            InvalidPayload: the cursor is not one of ours.
        """
        before = None if cursor is None else str(decode_cursor(cursor, str)[0])
        rows = await repository.page(
            self.session,
            repository.visible_to(principal),
            order_no=order_no,
            agency_key=agency_key,
            before=before,
            limit=limit,
        )
        items, next_cursor = page_of(rows, limit, lambda row: encode_cursor(row.contract_no))
        return Page(items=[_summary(row) for row in items], next_cursor=next_cursor)

    async def get_version(
        self, contract_no: str, version: int, principal: Principal, language: str
    ) -> VersionView:
        """One version, persons masked.

        Raises:
            ContractNotFound: no such contract or version, or not the caller's to see.
        """
        contract = await self._visible(contract_no, principal)
        return await self._version(contract, version, principal, language)

    async def get_receipt(self, contract_no: str, version: int | None, principal: Principal) -> bytes | None:
        """The receipt's exact RFC 8785 bytes; None until the log has included the version.

        Raises:
            ContractNotFound: no such contract or version, or not the caller's to see.
        """
        contract = await self._visible(contract_no, principal)
        wanted = version or contract.version
        if await repository.find_version(self.session, contract_no, wanted) is None:
            raise ContractNotFound
        kept = await repository.find_key(self.session, contract_no)
        if kept is None:
            raise ContractNotFound
        receipt = await ledger.get_receipt(self.session, log=self.log, id=str(kept.log_id), version=wanted)
        return None if receipt is None else receipt.encode()

    async def depart(self, contract_no: str, milestone: Milestone, principal: Principal) -> ContractSummary:
        """Record that the group left, on a day of the agreed trip.

        Raises:
            ContractNotFound: no such contract, or not the caller's.
            NotThisContractsState: it is not just registered, or the day does not fit.
        """
        contract = await self._locked(contract_no, principal)
        today = china_date(self.clock.now())
        _demand(
            may_depart(
                contract.status, contract.departure_on, contract.return_on, milestone.occurred_on, today
            )
        )
        contract.status, contract.departed_on = Status.DEPARTED, milestone.occurred_on
        contract.revision += 1
        await self.session.flush()
        return _summary(contract)

    async def complete(self, contract_no: str, milestone: Milestone, principal: Principal) -> ContractSummary:
        """Record that the contract was performed to its end, and announce it.

        Raises:
            ContractNotFound: no such contract, or not the caller's.
            NotThisContractsState: it is completed already, or the day does not fit.
        """
        return await self.complete_contract(await self._locked(contract_no, principal), milestone)

    async def complete_contract(self, contract: Contract, milestone: Milestone) -> ContractSummary:
        """As `complete`, for a contract already locked.

        Raises:
            NotThisContractsState: it is completed already, or the day does not fit.
        """
        now = self.clock.now()
        _demand(may_complete(contract.status, contract.departure_on, milestone.occurred_on, china_date(now)))
        contract.status, contract.completed_on = Status.COMPLETED, milestone.occurred_on
        contract.revision += 1
        await self.session.flush()
        await announce_contract(self.session, COMPLETED, contract, now)
        return _summary(contract)

    async def verify(self, contract_no: str, language: str) -> PublicView:
        """What anyone may know of a contract by its number: never a person or a price.

        Raises:
            ContractNotFound: no contract has this number; a wrong check character is told without a look.
        """
        contract = await self._any(contract_no)
        kind = self.library.kind(contract.contract_type)  # type: ignore[arg-type]
        versions = [
            PublicVersion(
                version=row.version,
                event=row.event,
                recorded_at=row.recorded_at,
                log=await self._log_state(contract_no, row.version),
            )
            for row in await repository.list_versions(self.session, contract_no)
        ]
        return PublicView(
            contract_no=contract.contract_no,
            contract_type=contract.contract_type,
            type_name=kind.en if language == "en" else kind.zh,
            status=contract.status,
            agency_name=contract.agency_name,
            license_no=contract.license_no,
            tour_code=contract.tour_code,
            departure_on=contract.departure_on,
            return_on=contract.return_on,
            template_title=contract.template_title,
            edition_year=contract.edition_year,
            versions=versions,
        )

    async def get_internal(self, contract_no: str) -> InternalContract:
        """What another service may know of a contract.

        Raises:
            ContractNotFound: no contract has this number.
        """
        return InternalContract(**_summary(await self._any(contract_no)).model_dump(include=_INTERNAL))

    async def _any(self, contract_no: str) -> Contract:
        try:
            ContractNumber.parse(contract_no)
        except InvalidContractNumber as error:
            raise ContractNotFound from error
        contract = await repository.find_contract(self.session, contract_no, true())
        if contract is None:
            raise ContractNotFound
        return contract

    async def _visible(self, contract_no: str, principal: Principal) -> Contract:
        contract = await repository.find_contract(self.session, contract_no, repository.visible_to(principal))
        if contract is None:
            raise ContractNotFound
        return contract

    async def _locked(self, contract_no: str, principal: Principal) -> Contract:
        contract = await repository.lock_contract(self.session, contract_no, repository.visible_to(principal))
        if contract is None:
            raise ContractNotFound
        return contract

    async def _version(
        self, contract: Contract, version: int, principal: Principal, language: str
    ) -> VersionView:
        row = await repository.find_version(self.session, contract.contract_no, version)
        if row is None:
            raise ContractNotFound
        document = await self._document(row)
        officer = principal.kind == "officer"
        return VersionView(
            version=row.version,
            event=row.event,
            recorded_at=row.recorded_at,
            document_hash=row.document_hash.hex(),
            document=None if document is None else masked(document, officer=officer),
            findings=[finding_view(Finding.restored(stored), language) for stored in row.findings],
            measures=[MeasureCited(**(cited | {"name": cited["name"][language]})) for cited in row.measures],
            promise=PromiseView(**row.promise),
        )

    async def _document(self, row: ContractVersion) -> dict[str, Any] | None:
        kept = await repository.find_key(self.session, row.contract_no)
        if kept is None:
            return None
        key = DataKey.unwrap(kept.wrapped_key, self.keyring, context=f"contracts.key/{row.contract_no}")
        context = document_context(row.contract_no, row.version)
        document: dict[str, Any] = json.loads(key.decrypt(row.document_cipher, context=context))
        return document

    async def _log_state(self, contract_no: str, version: int) -> LogState:
        kept = await repository.find_key(self.session, contract_no)
        index = None if kept is None else await ledger.find_leaf(self.session, str(kept.log_id), version)
        first = None if index is None else await ledger.first_checkpoint(self.session, index + 1)
        return LogState(
            origin=self.log.origin,
            state="promised" if first is None else "included",
            leaf_index=None if first is None else index,
            tree_size=None if first is None else first.size,
        )


_INTERNAL = set(InternalContract.model_fields)


def _demand(reason: Text | None) -> None:
    if reason is not None:
        raise NotThisContractsState(reason)


def _summary(contract: Contract) -> ContractSummary:
    return ContractSummary(
        platform_order_no=contract.order_no,
        **contract.model_dump(include=set(ContractSummary.model_fields) - {"platform_order_no"}),
    )
