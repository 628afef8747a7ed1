"""What this service asks of contracts: the dates, the agency and the fee of a registered contract."""

from datetime import date
from typing import Literal, Protocol
from urllib.parse import quote

import structlog
from common.http import ServiceClient
from common.problems import Unavailable
from pydantic import BaseModel, ConfigDict

__all__ = ["ContractAnswer", "ContractFacts", "ContractsClient", "ContractsLookup", "ask"]

log = structlog.get_logger(__name__)


class ContractFacts(BaseModel):
    """A registered contract as far as a complaint needs it; money in fen."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    contract_no: str
    status: str
    contract_type: str
    agency_key: str
    region: str | None
    departure_on: date
    return_on: date
    total_fen: int


class ContractAnswer(BaseModel):
    """What asking gave: `unverified` when contracts did not answer, `unknown` when it has no such number."""

    check: Literal["none", "verified", "unverified", "unknown"]
    facts: ContractFacts | None = None


class ContractsLookup(Protocol):
    """Whoever can say what a contract number stands for."""

    async def find(self, contract_no: str) -> ContractFacts | None: ...


class ContractsClient(ServiceClient):
    """Asks the contracts service, as the service `complaints` with scope internal:contracts."""

    async def find(self, contract_no: str) -> ContractFacts | None:
        """The contract, or None when there is none of that number.

        Raises:
            Unavailable: contracts does not answer.
        """
        return await self.get(
            f"/api/v1/contracts/internal/contracts/{quote(contract_no, safe='')}", ContractFacts
        )


async def ask(contracts: ContractsLookup, contract_no: str | None) -> ContractAnswer:
    """What is known of `contract_no`. An outage never refuses a complaint: it is marked unverified."""
    if contract_no is None:
        return ContractAnswer(check="none")
    try:
        facts = await contracts.find(contract_no)
    except Unavailable:
        log.warning("contracts_unreachable")
        return ContractAnswer(check="unverified")
    return ContractAnswer(check="verified" if facts else "unknown", facts=facts)
