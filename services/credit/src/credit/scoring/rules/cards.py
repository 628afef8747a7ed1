"""Which card grades whom: the cards of the files and those published since, as known at a moment.

A published version counts from its publication instant on and from its first day on, which never lies before
the day of publication; there it takes the place of the version before, until the next one. A card of a nearer
region goes before one of a wider; among those of one region the one that began last, then the lesser id. A
version that was withdrawn before its first day is unknown from the withdrawal on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256

from common.auth import region_prefix

from .scorecard import Scorecard

__all__ = ["CardBook", "CardView", "KnownCard", "Schedule"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KnownCard:
    """A card with the instants between which it is known; a card of the files always is."""

    card: Scorecard
    published_at: datetime | None = None
    withdrawn_at: datetime | None = None

    def known_at(self, moment: datetime) -> bool:
        """Whether the card was published by then and not withdrawn."""
        return (self.published_at is None or self.published_at <= moment) and (
            self.withdrawn_at is None or moment < self.withdrawn_at
        )

    @property
    def changed_at(self) -> datetime | None:
        """When something about this card was last made known."""
        return self.withdrawn_at or self.published_at


@dataclass(frozen=True)
class Schedule:
    """The card in force and the cards that take its place on later days, as far as is known."""

    card: Scorecard
    later: tuple[Scorecard, ...]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the hashes of all its cards: the same fingerprint, the same scores and next days."""
        return sha256("".join(card.hash for card in (self.card, *self.later)).encode()).hexdigest()


@dataclass(frozen=True)
class CardView:
    """The cards that were known at one moment."""

    cards: tuple[Scorecard, ...]
    _schedules: dict[tuple[str, str, date, str | None], Schedule | None] = field(
        default_factory=dict, compare=False
    )

    def schedule(self, kind: str, region: str, on: date, card_id: str | None = None) -> Schedule | None:
        """What grades a kind of subject there from `on`: by the card named, or the kind's own grade card.

        None when no card does on that day, or the one named grades other kinds.
        """
        key = (kind, region, on, card_id)
        if key not in self._schedules:
            self._schedules[key] = self._schedule(*key)
        return self._schedules[key]

    def places(self, kind: str, on: date, card_id: str | None = None) -> list[str]:
        """The regions that have a card of their own for this kind on that day, the nearest first."""
        fitting = (card for card in self.cards if _grades(card, kind, card_id) and card.in_force(on))
        found = {card.region for card in fitting}
        return sorted(found, key=lambda place: (-len(region_prefix(place)), place))

    def _schedule(self, kind: str, region: str, on: date, card_id: str | None) -> Schedule | None:
        fitting = [
            card
            for card in self.cards
            if _grades(card, kind, card_id) and region.startswith(region_prefix(card.region))
        ]
        now = _chosen(fitting, on)
        if now is None:
            return None
        later: list[Scorecard] = []
        for day in sorted(_edges(fitting, on)):
            then = _chosen(fitting, day)
            if then is not None and then.effective_from == day and then is not (later or [now])[-1]:
                later.append(then)
        return Schedule(now, tuple(later))


class CardBook:
    """All cards with the instants of their publication."""

    def __init__(self, files: Iterable[Scorecard], published: Iterable[KnownCard] = ()) -> None:
        self._known = (*(KnownCard(card) for card in files), *published)
        self._views: dict[tuple[bool, ...], CardView] = {}

    def __iter__(self) -> Iterator[KnownCard]:
        return iter(self._known)

    def at(self, moment: datetime) -> CardView:
        """The cards as known at a moment."""
        pattern = tuple(known.known_at(moment) for known in self._known)
        if pattern not in self._views:
            cards = (known.card for known, is_known in zip(self._known, pattern, strict=True) if is_known)
            self._views[pattern] = CardView(tuple(cards))
        return self._views[pattern]

    @cached_property
    def last_change(self) -> datetime | None:
        """When any card was last published or withdrawn."""
        return max(filter(None, (known.changed_at for known in self._known)), default=None)

    def changed_at(self, kind: str, card_id: str | None = None) -> datetime | None:
        """When a card that concerns this kind (or the card named) was last published or withdrawn."""
        instants = [
            known.changed_at
            for known in self._known
            if known.changed_at is not None and _grades(known.card, kind, card_id)
        ]
        return max(instants, default=None)


def _grades(card: Scorecard, kind: str, card_id: str | None) -> bool:
    if kind not in card.kinds:
        return False
    return card.use == "grade" if card_id is None else card.id == card_id


def _chosen(cards: list[Scorecard], day: date) -> Scorecard | None:
    """Nearest region first, then the latest begun, then the lesser id."""
    in_force = [card for card in cards if card.in_force(day)]
    return min(
        in_force,
        key=lambda card: (-len(region_prefix(card.region)), -card.effective_from.toordinal(), card.id),
        default=None,
    )


def _edges(cards: list[Scorecard], on: date) -> set[date]:
    begins = {card.effective_from for card in cards}
    ends = {card.effective_to + _DAY for card in cards if card.effective_to is not None}
    return {day for day in begins | ends if day > on}
