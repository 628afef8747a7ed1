"""Who takes part under a measure of supervision that held on the day of signing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from contracts.checks.rules.case import Case, Hit, spot
from contracts.documents.schemas import Submission
from contracts.policies import MeasureUse
from contracts.subjects.measures import Measure

__all__ = ["Applied", "applied_measures", "keys_of", "no_measure_stands_against_it"]

Party = Literal["agency", "selling_agent", "ground_agency", "guide"]


@dataclass(frozen=True, slots=True)
class Applied:
    """A measure under which a contract is decided: on which party, where it stands, and what it means."""

    path: str
    measure: Measure
    reason: str

    def citation(self) -> dict[str, Any]:
        """What is stored with the contract."""
        return self.measure.citation() | {"path": self.path, "reason": self.reason}


def keys_of(document: Submission) -> Iterator[tuple[Party, str, str]]:
    """Who takes part: as what, at which place of the document, under which credit code or card number."""
    yield "agency", "agency.uscc", document.agency.uscc
    if document.selling_agent is not None:
        yield "selling_agent", "selling_agent.uscc", document.selling_agent.uscc
    for at, ground in enumerate(document.ground_agencies):
        if ground.uscc is not None:
            yield "ground_agency", spot("ground_agencies", [at], "uscc"), ground.uscc
    card = document.guide.guide_certificate_no
    if card is not None and card.strip():
        yield "guide", "guide.guide_certificate_no", card.strip().upper()


def applied_measures(case: Case) -> Iterator[Applied]:
    """Every measure that held on the day of signing and counts in such a contract.

    What only informs counts while the measure holds: a document dated into the past asks for nothing that
    is over.
    """
    for party, path, key in keys_of(case.document):
        for measure in case.measures.get(key, ()):
            use = next((one for one in case.book.measures if _fits(case, one, party, measure)), None)
            if use is None or not measure.in_force(case.signed_on):
                continue
            if use.still_holds and not measure.in_force(case.today or case.signed_on):
                continue
            yield Applied(path, measure, use.reason)


def no_measure_stands_against_it(case: Case) -> Iterator[Hit]:
    """旅行社条例 64, 旅游法 103: who is barred concludes no contract; what a listing only tells is told."""
    for one in applied_measures(case):
        last = one.measure.ends_on
        yield Hit(
            one.path,
            one.reason,
            {
                "code": one.measure.code,
                "name_zh": one.measure.name.zh,
                "name_en": one.measure.name.en,
                "starts_on": one.measure.starts_on,
                "until_zh": f"至{last.isoformat()}" if last else "起终身",
                "until_en": f" to {last.isoformat()}" if last else ", for life",
            },
            one.measure.basis,
        )


def _fits(case: Case, use: MeasureUse, party: Party, measure: Measure) -> bool:
    if party not in use.parties or (use.scope is not None and case.kind.scope != use.scope):
        return False
    return use.bars in measure.bars if use.bars is not None else measure.code in use.measures
