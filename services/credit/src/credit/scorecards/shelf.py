"""All cards at hand: those of the files with the published ones of the database, parsed once."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from credit.scoring.rules.cards import CardBook, KnownCard
from credit.scoring.rules.scorecard import Scorecard

from .models import CardDraft
from .repository import CardRepository

if TYPE_CHECKING:
    from credit.environment import Environment

__all__ = ["CardShelf", "card_book", "forget_book"]

_KEY = "credit.card_book"


class CardShelf:
    """The book of cards of one process, as of the last publication that it has seen."""

    def __init__(self) -> None:
        self._of: datetime | None = None
        self._book: CardBook | None = None

    def find(self, generation: datetime | None) -> CardBook | None:
        """The book if nothing was published or withdrawn since."""
        return self._book if self._of == generation else None

    def keep(self, generation: datetime | None, book: CardBook) -> CardBook:
        """Remember the book as of `generation`."""
        self._of, self._book = generation, book
        return book


async def card_book(session: AsyncSession, env: "Environment") -> CardBook:
    """The cards as of this transaction: until it ends, nothing is published or withdrawn."""
    book: CardBook | None = session.info.get(_KEY)
    if book is None:
        cards = CardRepository(session)
        generation = await cards.generation()
        book = env.shelf.find(generation)
        if book is None:
            published = [] if generation is None else [_known(row) for row in await cards.ever_published()]
            book = env.shelf.keep(generation, CardBook(env.rulebook.scorecards, published))
        session.info[_KEY] = book
    return book


def forget_book(session: AsyncSession) -> None:
    """Read the cards anew in this transaction, which has just changed them."""
    session.info.pop(_KEY, None)


def _known(row: CardDraft) -> KnownCard:
    card = Scorecard.parse(row.document, file=f"{row.card_id} {row.card_version}")
    return KnownCard(card, row.published_at, row.withdrawn_at)
