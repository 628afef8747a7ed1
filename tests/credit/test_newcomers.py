"""Scores of subjects without facts are the engine's own, byte for byte, whichever run they come from."""

from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from credit.policies import FOLDER
from credit.rulebook.rules import Rulebook
from credit.scoring.rules import Scorecard, ScoredSubject, score
from credit.scoring.rules.cards import Schedule
from credit.scoring.rules.newcomers import Newcomers
from credit.subjects.rules import Kind, Scope

CARDS = Rulebook.load(FOLDER).scorecards
NOW = datetime.fromisoformat("2026-11-23T10:00:00+08:00")


def subject(chance: Random, card: Scorecard, today: date) -> ScoredSubject:
    kinds = [*card.kinds] * 3 + [*Kind]
    return ScoredSubject(
        UUID(int=chance.getrandbits(128)),
        chance.choice(kinds),
        "140105",
        licensed_on=chance.choice([None, today, today - timedelta(days=chance.randrange(3_000))]),
        level=chance.choice([None, "4A", "5A", "三星级"]),
        scope=tuple(sorted(chance.sample([*Scope], chance.randrange(4)))),
        headcount=chance.choice([None, 0, 7, 300]),
    )


def test_every_card_gives_newcomers_the_bytes_of_the_engine() -> None:
    chance = Random(20261123)
    for card in CARDS:
        today = max(card.effective_from, NOW.date())
        versions = [one for one in CARDS if one.id == card.id and one.effective_from > today]
        schedule = Schedule(card, tuple(versions))
        newcomers = Newcomers(today)
        for known_at in (NOW, NOW + timedelta(hours=1)):
            for _ in range(60):
                newcomer = subject(chance, card, today)
                found = newcomers.score(newcomer, known_at, schedule)
                meant = score(newcomer, (), today, known_at, card, versions)
                assert (found.canonical, found.hash) == (meant.canonical, meant.hash), (card.id, newcomer)
                assert found.document == meant.document
                assert (found.value, found.grade, found.tier, found.rated, found.next_change) == (
                    *(meant.value, meant.grade, meant.tier, meant.rated, meant.next_change),
                )


def test_the_engine_runs_once_for_those_that_a_card_cannot_tell_apart() -> None:
    chance = Random(3)
    card = next(card for card in CARDS if card.id == "agency-100-sample")
    newcomers, schedule = Newcomers(NOW.date()), Schedule(card, ())
    found = [
        newcomers.score(ScoredSubject(UUID(int=chance.getrandbits(128)), kind, "140105"), NOW, schedule)
        for kind in card.kinds
        for _ in range(20)
    ]
    assert len({id(one.timeline) for one in found}) == len(card.kinds)
    assert len({one.hash for one in found}) == len(found)
