"""Scores of many subjects without facts: the engine runs once for all that their cards cannot tell apart."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from .cards import Schedule
from .engine import Score, ScoredSubject, score

__all__ = ["Newcomers"]


class Newcomers:
    """Scores subjects without facts on one day, each as `score` would, byte for byte."""

    def __init__(self, valid_at: date) -> None:
        self._valid_at = valid_at
        self._known: dict[tuple[Any, ...], Score] = {}

    def score(self, subject: ScoredSubject, known_at: datetime, schedule: Schedule) -> Score:
        """The engine's result for a subject without facts."""
        seen = (known_at, schedule.fingerprint, *_seen(subject, schedule))
        like = self._known.get(seen)
        if like is None:
            like = score(subject, (), self._valid_at, known_at, schedule.card, schedule.later)
            self._known[seen] = like
            return like
        return _twin(like, subject)


def _twin(like: Score, subject: ScoredSubject) -> Score:
    """The same result for another subject: of the document only `inputs_hash` differs."""
    twin = replace(like, subject=subject)
    canonical = like.canonical.replace(like.inputs_hash.encode(), twin.inputs_hash.encode())
    vars(twin).update(canonical=canonical, next_change=like.next_change)
    return twin


def _seen(subject: ScoredSubject, schedule: Schedule) -> tuple[Any, ...]:
    """What the cards look at: conditions at all but the days, the time in business at the day of licence."""
    cards = (schedule.card, *schedule.later)
    asked = any(card.has_conditions for card in cards)
    timed = any(one.months_in_business for card in cards for one in card.eligibility)
    return (
        subject.kind,
        (subject.level, subject.scope, subject.headcount) if asked else None,
        subject.licensed_on if timed else None,
    )
