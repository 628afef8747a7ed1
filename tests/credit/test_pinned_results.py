"""Results are the same bytes for ever: no later year of holidays, no change of a shipped card moves them.

`data/pinned-results.json` holds by id and version the hash of each shipped card and the hashes of results. A
card that is to say something else gets a new version, and its old one stays. A failure prints what was got.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import common.calendar.holidays as holidays
import pytest
from credit.facts.rules import Action, FactVersion
from credit.scoring.rules import Scorecard, ScoredSubject, score

from .cases import BOOK

PINNED = json.loads((Path(__file__).parent / "data" / "pinned-results.json").read_text("utf-8"))
KNOWN_AT = datetime(2026, 12, 31, tzinfo=UTC)
PAYLOAD = {"amount_fen": 600_000, "count": 20, "index": "norms", "metric": "group_arrivals", "rank": 3}
PAYLOAD |= {
    "level": "city",
    "minor_injuries": 3,
    "responsibility": "main",
    "severity": "ordinary",
    "value": 8,
}


def subject(card: Scorecard) -> ScoredSubject:
    region = "140105" if card.region == "000000" else card.region
    return ScoredSubject(UUID(int=7), card.kinds[0], region, licensed_on=date(2015, 6, 1), headcount=12)


def results(card: Scorecard) -> Iterator[str]:
    """The hashes with no facts, with each code's fact alone, and with all; the last day calls for runs."""
    facts = [
        FactVersion(
            UUID(int=100 + place),
            1,
            Action.RECORD,
            code,
            date(2026, 12, 28) - timedelta(days=13 * place % 700),
            datetime(2026, 12, 29, tzinfo=UTC),
            PAYLOAD,
        )
        for place, code in enumerate(sorted(card.codes))
    ]
    for some in ([], *([one] for one in facts), facts):
        yield score(subject(card), some, date(2026, 12, 30), KNOWN_AT, card).hash


def pin(card: Scorecard) -> dict[str, str]:
    return {"card": card.hash, "results": " ".join(found[:12] for found in results(card))}


def test_a_shipped_card_of_the_same_version_says_what_it_said() -> None:
    found = {f"{card.id} {card.version}": pin(card) for card in BOOK.scorecards}
    assert found == PINNED, json.dumps(found, indent=1)


def test_a_year_of_holidays_that_is_announced_later_changes_no_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    years, table = holidays._table()
    free = holidays.WorkingDay(False, False, holidays.Text("元旦放假", "New Year holiday"))
    announced = table | {date(2027, 1, day): free for day in range(1, 9)}
    cards = [card for card in BOOK.scorecards if card.extra_runs and card.extra_runs.within_working_days]
    before = {card.id: list(results(card)) for card in cards}
    assert before
    monkeypatch.setattr(holidays, "_table", lambda: (years | {2027}, announced))
    assert {card.id: list(results(card)) for card in cards} == before
