"""Facts and cards for tests of the pure rules."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from credit.facts.rules import Action, FactVersion
from credit.policies import FOLDER
from credit.rulebook.rules import Rulebook
from credit.scoring.rules import ScoredSubject

BOOK = Rulebook.load(FOLDER)
CARD = BOOK.scorecards.get("agency-100-sample", "1")
AGENCY = ScoredSubject(UUID(int=1), "travel_agency", "140105")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NOW = EPOCH + timedelta(days=3650)


def fact(
    number: int,
    code: str,
    occurred_on: date,
    *,
    version: int = 1,
    action: Action = Action.RECORD,
    recorded_at: datetime = EPOCH,
) -> FactVersion:
    return FactVersion(UUID(int=number), version, action, code, occurred_on, recorded_at, {})


def facts(entries: Iterable[tuple[str, date]]) -> list[FactVersion]:
    return [fact(number, code, day) for number, (code, day) in enumerate(entries, start=10)]
