"""Facts as they cross the API, with their days of publication and retention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from common.clock import china_date

from credit.listings.rules import ENTRIES
from credit.rulebook.rules import Rulebook
from credit.subjects.models import Subject
from credit.subjects.rules import Kind

from .catalogue import FactKind
from .models import Fact
from .repository import periods_of as disputes_of
from .retention import Periods, document_day, ended_on, periods_of, repaired
from .rules import Action, FactVersion, Hidden
from .schemas import CorrectionView, DisputeView, EvidenceItem, FactView, Source, SourceKind

__all__ = ["FactViews", "Look", "as_version", "fact_periods", "look_at", "shown_codes", "shown_on"]

_DAY = timedelta(days=1)


def fact_periods(
    rulebook: Rulebook, region: str, fact: FactVersion, known: Sequence[FactVersion], kind: FactKind, on: date
) -> Periods:
    """The days until which a fact is shown and used, as seen on `on` with the facts `known` beside it.

    The publication period follows the policy of the day of its document, the retention period that of `on`.
    An entry in a list is repaired by the repair of its listing, which has clocks of its own.
    """
    catalogue, made = rulebook.catalogue(on), document_day(fact)
    clock = None
    if kind.nature == "adverse" and kind.code not in ENTRIES:
        clock = rulebook.publication_clock("penalty", made, region)
    return periods_of(
        kind,
        fact.occurred_on,
        fact.payload,
        rulebook.publicity.choose("publicity", on=made, region=region),
        rulebook.retention.choose("retention", on=on, region=region),
        lasting=bool(catalogue.closing(fact.code)),
        ended=ended_on(fact, known, catalogue),
        document_on=made,
        minimum_months=clock.minimum_months if clock else None,
    )


@dataclass(frozen=True, slots=True)
class Look:
    """How others see a standing fact on a day.

    `hidden`: why they do not; `next_on`: the first day on which the calendar may change it.
    """

    kind: FactKind | None
    periods: Periods | None
    hidden: Hidden | None
    next_on: date | None = None

    @property
    def shared(self) -> bool:
        """Whether others are told of it at all: what the public is not shown goes to authorities."""
        return self.hidden in (None, Hidden.NOT_PUBLIC)


def look_at(
    rulebook: Rulebook,
    subject: Subject,
    fact: FactVersion,
    known: Sequence[FactVersion],
    on: date,
    kept_back: Mapping[UUID, Hidden],
    *,
    consented: bool = False,
) -> Look:
    """How others see a standing fact of a subject on a day.

    The one answer for public pages, exports, certificates, the feed of changes and other systems: its code is
    published, it has occurred, its procedure does not keep it back (`FactRepository.kept_back`), nothing has
    ended or repaired it, and neither its publication nor its retention is over. A natural person has no
    public page, so no fact of one is public but where the person has `consented`.
    """
    region = subject.region
    catalogue = rulebook.catalogue(on)
    kind = catalogue.by_code.get(fact.code)
    if kind is None or not kind.publicity.show:
        return Look(kind, None, Hidden.NOT_PUBLISHED)
    if fact.occurred_on > on:
        return Look(kind, None, Hidden.NOT_YET, fact.occurred_on)
    periods = fact_periods(rulebook, region, fact, known, kind, on)
    ended = ended_on(fact, known, catalogue)
    hidden = kept_back.get(fact.id)
    if hidden is None and ended is not None and ended <= on:
        hidden = Hidden.ENDED
    if hidden is None and repaired(fact, known, on):
        hidden = Hidden.REPAIRED
    if hidden is None and periods.archived_on(on):
        hidden = Hidden.PUBLICATION_ENDED
    if hidden is None and periods.visible_until is None:
        hidden = Hidden.NOT_PUBLIC
    if hidden is None and not periods.visible_on(on):
        hidden = Hidden.PUBLICATION_ENDED
    if hidden not in (None, Hidden.NOT_PUBLIC):
        return Look(kind, periods, hidden)
    if subject.kind == Kind.NATURAL_PERSON and not consented:
        hidden = Hidden.NOT_PUBLIC
    days = [day + _DAY for day in (periods.visible_until, periods.used_until) if day is not None]
    return Look(kind, periods, hidden, min([*days, *([ended] if ended else [])], default=None))


def shown_codes(rulebook: Rulebook, on: date) -> list[str]:
    """The codes of which others may be shown anything on a day."""
    return [code for code, kind in rulebook.catalogue(on).by_code.items() if kind.publicity.show]


def shown_on(
    rulebook: Rulebook,
    subject: Subject,
    fact: FactVersion,
    known: Sequence[FactVersion],
    on: date,
    kept_back: Mapping[UUID, Hidden],
    *,
    consented: bool = False,
) -> tuple[FactKind, Periods] | None:
    """Kind and periods of a standing fact that the public is shown on a day; None where it is not.

    `consented`: to whom the subject lets it be shown, as whoever is given a certificate of it.
    """
    look = look_at(rulebook, subject, fact, known, on, kept_back, consented=consented)
    if look.hidden is not None or look.kind is None or look.periods is None:
        return None
    return look.kind, look.periods


class FactViews:
    """Makes views of the facts of one subject, as of one day."""

    def __init__(
        self, rulebook: Rulebook, language: str, subject: Subject, known: Sequence[FactVersion], on: date
    ) -> None:
        self._rulebook, self._language, self._region = rulebook, language, subject.region
        self._known, self._on = known, on

    def __call__(self, fact: Fact) -> FactView:
        """The fact as it crosses the API."""
        kind = self._rulebook.catalogue(self._on).by_code.get(fact.code)
        if kind is None:
            kind = self._rulebook.catalogue(china_date(fact.recorded_at)).by_code[fact.code]
        row = as_version(fact)
        periods = fact_periods(self._rulebook, self._region, row, self._known, kind, self._on)
        return FactView(
            id=fact.id,
            subject_id=fact.subject_id,
            code=fact.code,
            name=kind.name.render(self._language),
            info_class=kind.info_class,
            nature=kind.nature,
            occurred_on=fact.occurred_on,
            source=Source(
                kind=SourceKind(fact.source_kind),
                authority=fact.source_authority,
                reference=fact.source_reference,
            ),
            payload=fact.payload,
            evidence=[EvidenceItem(**item) for item in fact.evidence],
            version=fact.version,
            action=fact.action,
            standing=fact.action != Action.REVOKE,
            correction=CorrectionView(**fact.correction) if fact.correction else None,
            recorded_at=fact.recorded_at,
            objection=row.disputed_on(self._on),
            disputes=[DisputeView(first=first, last=last) for first, last in row.disputed],
            publicity_class=periods.publicity_class,
            visible_until=periods.visible_until,
            archived=periods.archived_on(self._on),
        )


def as_version(fact: Fact) -> FactVersion:
    """A stored row as rules see it."""
    return FactVersion(
        fact.id,
        fact.version,
        Action(fact.action),
        fact.code,
        fact.occurred_on,
        fact.recorded_at,
        fact.payload,
        disputes_of(fact.disputed),
    )
