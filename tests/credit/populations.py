"""Random populations and random plain cards, and the parts of a service on a database of their own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from common.clock import FrozenClock, china_date
from common.crypto import Keyring
from common.db import Database, new_id
from common.ledger import LogSigner
from common.ledger.signer import create_log_key
from common.testing import ServiceDatabase, test_settings
from credit.config import Settings
from credit.environment import Environment
from credit.facts.models import Fact
from credit.facts.rules import REPAIRED, Action, FactVersion, action_allowed
from credit.policies import FOLDER
from credit.rulebook.rules import Rulebook
from credit.scoring.rules.scorecard import Scorecard
from credit.subjects.models import Subject

START = datetime.fromisoformat("2026-11-23T10:00:00+08:00")
BOOK = Rulebook.load(FOLDER)
REGIONS = ("140105", "140107", "140202", "141002")


@dataclass
class Stage:
    """A database with the environment of its service."""

    database: Database
    env: Environment
    clock_file: Path

    def at(self, instant: datetime) -> None:
        FrozenClock.set(self.clock_file, instant)

    @property
    def today(self) -> date:
        return china_date(self.env.clock.now())


@asynccontextmanager
async def stage(server: ServiceDatabase, folder: Path) -> AsyncIterator[Stage]:
    """The parts of a service on a copy of the database."""
    create_log_key(folder / "log.key", "tourtrust.example/credit")
    clock_file = folder / "clock"
    FrozenClock.set(clock_file, START)
    url = await server.copy()
    settings = test_settings(Settings, folder, url)
    keyring = Keyring.from_file(settings.keyring_file)
    log = LogSigner("tourtrust.example/credit", folder / "log.key", keyring)
    database = Database(url, pool_size=3)
    try:
        yield Stage(database, Environment(FrozenClock(clock_file), keyring, BOOK, log), clock_file)
    finally:
        await database.dispose()
        await server.drop(url)


async def populate(
    database: Database, chance: Random, count: int, codes: Sequence[str], kinds: Sequence[str]
) -> dict[UUID, list[FactVersion]]:
    """Subjects with random facts, amended, revoked, restored and disputed; gives the versions of each."""
    made: dict[UUID, list[FactVersion]] = {}
    async with database.session() as session:
        for number in range(count):
            subject = _subject(chance, number, chance.choice(kinds))
            rows = []
            for _ in range(chance.randrange(12)):
                rows += _fact(chance, subject, codes, sorted({str(row.id) for row in rows}))
            session.add(subject)
            await session.flush()
            session.add_all(rows)
            made[subject.id] = [
                FactVersion(
                    row.id,
                    row.version,
                    Action(row.action),
                    row.code,
                    row.occurred_on,
                    row.recorded_at,
                    row.payload,
                )
                for row in rows
            ]
    return made


def _subject(chance: Random, number: int, kind: str) -> Subject:
    born = START - timedelta(days=2000)
    return Subject(
        id=new_id(),
        kind=kind,
        key=None,
        name=f"样例{number}（虚构）",
        name_search=f"样例{number}",
        name_grams=[],
        region=chance.choice(REGIONS),
        business_scope=[],
        headcount=chance.choice([None, 3, 40, 200, 900]),
        status="active",
        created_at=born,
        updated_at=born,
        last_recorded_at=born,
    )


def _fact(chance: Random, subject: Subject, codes: Sequence[str], earlier: Sequence[str]) -> list[Fact]:
    """One fact with its versions, stamped as the archive stamps them; some repair an `earlier` one."""
    today, fact_id = china_date(START), new_id()
    repair = bool(earlier) and chance.random() < 0.3
    code, day = REPAIRED if repair else chance.choice(codes), _day(chance, today)
    rows: list[Fact] = []
    action = Action.RECORD
    while True:
        if action is Action.AMEND:
            code, day = REPAIRED if repair else chance.choice(codes), _day(chance, today)
        subject.last_recorded_at += timedelta(hours=1)
        rows.append(
            Fact(
                id=fact_id,
                version=len(rows) + 1,
                subject_id=subject.id,
                action=action,
                code=code,
                occurred_on=day,
                recorded_at=subject.last_recorded_at.astimezone(UTC),
                recorded_by="test",
                source_kind="other",
                source_authority="演示机关",
                source_reference=str(fact_id),
                payload={"fact_id": chance.choice(earlier)} if repair else _payload(chance),
                evidence=[],
                content_hash="0" * 64,
                correction={"reason": "样例"} if rows else None,
            )
        )
        following = [a for a in (Action.AMEND, Action.REVOKE, Action.RESTORE) if action_allowed(action, a)]
        if chance.random() > 0.3:
            return rows
        action = chance.choice(following)


def _payload(chance: Random) -> dict[str, Any]:
    """Sometimes the number of a demand: of few, so that what closes and what is closed often agree."""
    return {} if chance.random() < 0.4 else {"demand": chance.choice(["补1号", "补2号", 1])}


def _day(chance: Random, today: date) -> date:
    """Mostly of the last years, often near the edge of a window, now and then in the future."""
    if chance.random() < 0.3:
        months = chance.choice([1, 6, 12, 24, 36])
        year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
        return date(year, month + 1, min(28, today.day) + chance.randrange(-1, 1)) + timedelta(
            days=chance.randrange(-1, 3)
        )
    return today - timedelta(days=chance.randrange(-60, 1300))


def random_card(chance: Random, codes: Sequence[str], kinds: Sequence[str], number: int = 1) -> Scorecard:
    """A plain card: any mixture of windows, caps, decimals, vetoes and kinds of bands."""
    worse = chance.random() < 0.4
    decimals = chance.choice([0, 0, 1, 2])
    step = Decimal(1).scaleb(-decimals)
    edges = sorted({Decimal(chance.randrange(-20, 130)) + chance.randrange(10) * step for _ in range(3)})
    inclusive = [chance.random() < 0.5 for _ in edges]
    bands = []
    for place in range(len(edges) + 1):
        band: dict[str, Any] = {"grade": f"G{place}", "tier": f"T{place}"}
        if place > 0:
            band |= {"min": float(edges[place - 1]), "min_inclusive": inclusive[place - 1]}
        if place < len(edges):
            band |= {"max": float(edges[place]), "max_inclusive": not inclusive[place]}
        bands.append(band)
    rules: list[dict[str, Any]] = []
    vetoes: list[dict[str, Any]] = []
    for place in range(chance.randrange(2, 9)):
        points = Decimal(chance.randrange(1, 300)) / 10 * chance.choice([1, -1])
        own = chance.sample(codes, chance.randrange(1, 4))
        rule: dict[str, Any] = {
            "id": f"R{place}",
            "codes": own,
            "window": _window(chance, [code for code in codes if code not in own]),
            "reason": {"zh": "样例", "en": "sample"},
            "legal_basis": ["样例"],
        }
        if chance.random() < 0.25:
            vetoes.append(rule | {"id": f"V{place}", "grade": f"G{chance.randrange(len(bands))}"})
            continue
        rule["points"] = float(points)
        if chance.random() < 0.5 and "match" not in rule["window"]:
            rule["cap"] = float(points * Decimal(chance.choice(["0.5", "1.5", "3"])))
        rules.append(rule)
    return Scorecard.parse(
        {
            "id": f"random-{number}",
            "version": "1",
            "effective_from": "2020-01-01",
            "effective_to": None,
            "region": "000000",
            "status": "sample",
            "legal_basis": ["样例"],
            "name": {"zh": "随机样例", "en": "random sample"},
            "kinds": list(kinds),
            "direction": "higher_worse" if worse else "higher_better",
            "base": chance.choice([0, 60, 100]),
            "bounds": {} if chance.random() < 0.3 else {"min": -40, "max": 140},
            "decimals": decimals,
            "rules": rules,
            "vetoes": vetoes,
            "bands": bands if worse else bands[::-1],
        }
    )


def _window(chance: Random, codes: Sequence[str]) -> dict[str, Any]:
    window: dict[str, Any] = {}
    if chance.random() < 0.7:
        window["months"] = chance.choice([1, 6, 12, 24, 36])
    if chance.random() < 0.3:
        window["until"] = chance.sample(codes, chance.randrange(1, 3))
        if chance.random() < 0.5:
            window["match"] = "demand"
    return window
