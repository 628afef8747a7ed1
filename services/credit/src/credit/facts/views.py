"""Facts as they cross the API, with their days of publication and retention."""

from collections.abc import Sequence
from datetime import date

from common.clock import china_date

from credit.listings.rules import ENTRIES
from credit.rulebook.rules import Rulebook
from credit.subjects.models import Subject

from .catalogue import FactKind
from .models import Fact
from .repository import periods_of as disputes_of
from .retention import Periods, document_day, ended_on, periods_of, repaired
from .rules import Action, FactVersion
from .schemas import CorrectionView, DisputeView, EvidenceItem, FactView, Source, SourceKind

__all__ = ["FactViews", "as_version", "fact_periods", "shown_on"]


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


def shown_on(
    rulebook: Rulebook, region: str, fact: FactVersion, known: Sequence[FactVersion], on: date
) -> tuple[FactKind, Periods] | None:
    """Kind and periods of a standing fact that others are shown on a day; None where they are not.

    The one answer of public pages, exports and certificates: it has occurred, its code is published, nothing
    has ended or repaired it, and neither its publication nor its retention is over. What a sustained
    objection took off the page is for the caller to leave out.
    """
    catalogue = rulebook.catalogue(on)
    kind = catalogue.by_code.get(fact.code)
    if kind is None or not kind.publicity.show or fact.occurred_on > on:
        return None
    ended = ended_on(fact, known, catalogue)
    if (ended is not None and ended <= on) or repaired(fact, known, on):
        return None
    periods = fact_periods(rulebook, region, fact, known, kind, on)
    if not periods.visible_on(on) or periods.archived_on(on):
        return None
    return kind, periods


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
