"""The other side of the exchange, for tests of what it is told and tells."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from credit.exchange.adapters import (
    Adapter,
    Answer,
    Decision,
    Decisions,
    ExchangeFailed,
    NullAdapter,
    TheirRecord,
)
from credit.exchange.desk import ExchangeDesk
from credit.exchange.rules import System
from sqlalchemy import text

from .conftest import Service

DECIDE = ["credit:decide", "credit:read"]
TOLD = {
    "their_number": "N-1",
    "kind": "repair_granted",
    "subject_key": "K",
    "decided_on": "2026-11-23",
    "authority": "演示机关（虚构）",
}


class Other:
    """The other side, as a test wants it."""

    connected = True

    def __init__(self) -> None:
        self.got: list[Mapping[str, Any]] = []
        self.deaf = False
        self.told: list[Decision] = []
        self.untold: list[Decision] = []
        self.alter: str | None = None
        self.away = False
        self.barred: str | None = None
        self.takes: int | None = None
        self.asked = 0

    async def send(self, record: Mapping[str, Any]) -> Answer:
        self.asked += 1
        if self.deaf or self.away:
            raise ExchangeFailed("no answer", away=self.away)
        if self.barred is not None and record["subject"]["key"] == self.barred:
            raise ExchangeFailed("HTTP 403", away=True)
        if self.takes is not None and self.asked > self.takes:
            raise ExchangeFailed("HTTP 429", away=True, full=True)
        self.got.append(record)
        return Answer(state="accepted", their_number=f"T-{len(self.got)}")

    async def decisions(self, after: str | None) -> Decisions:
        if self.away:
            raise ExchangeFailed("no answer", away=True)
        return Decisions(items=self.told, next_after=None)

    async def records(self, day: date) -> list[TheirRecord]:
        return [
            TheirRecord(
                our_number=one["our_number"],
                version=one["version"],
                region=one["region"],
                sha256="0" * 64 if one["our_number"] == self.alter else one["sha256"],
            )
            for one in self.got
        ]

    async def decided(self, day: date) -> list[Decision]:
        return [one for one in [*self.told, *self.untold] if one.decided_on == day]

    def of(self, subject: dict[str, Any]) -> list[Mapping[str, Any]]:
        return [one for one in self.got if one["subject"]["key"] == subject["key"]]


class Desk(ExchangeDesk):
    """The desk whose rounds a test makes, beside those of the service's own, which knows no other side."""

    async def round(self) -> None:
        """A round, and what a round of the service's own has in hand meanwhile."""
        await super().round()
        async with self._database.session() as session:
            await session.execute(text("SELECT FROM exchange_decisions ORDER BY id FOR UPDATE"))


def desk(service: Service, other: Adapter, at: System = System.NATIONAL) -> ExchangeDesk:
    adapters: dict[System, Adapter] = {system: NullAdapter() for system in System}
    adapters[at] = other
    made = Desk(service.app.state.db, service.app.state.env, adapters)
    service.app.state.exchange = made
    return made


async def records_of(service: Service, subject: dict[str, Any], system: str) -> list[dict[str, Any]]:
    rows = await service.get("/exchange/records", who=service.who(scopes=DECIDE), system=system, limit=100)
    return [one for one in reversed(rows["items"]) if one["subject_id"] == subject["id"]]


def decision(number: str, subject: dict[str, Any], ours: str, day: str = "2026-11-23") -> Decision:
    return Decision.model_validate(
        TOLD
        | {"their_number": number, "subject_key": subject["key"], "decided_on": day}
        | {"content": {"our_number": ours}}
    )
