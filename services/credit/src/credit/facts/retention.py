"""How long a fact is shown, and when it is only kept. Stop showing is not deleting.

Two periods, both policy data. The *publication period* says until when the public sees a fact; it stops by
itself at the maximum of the fact's class. `policies/publicity.yaml` alone holds these maxima, for facts and
for listings; the class is the catalogue's, unless what the penalty says of itself puts it into another. The
*retention period* says until when a record of dishonesty may be looked up and used at all; afterwards it is
archived: kept for audit, and shown to officers with that mark. From when a repair may be applied for is the
repair rules' to say (`policies/repair-clocks.yaml`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from common.calendar import add_months
from common.policies import CompiledWith, Condition, Policy, PolicyStatus
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .catalogue import Catalogue, FactKind
from .rules import REPAIRED, FactVersion

__all__ = ["Periods", "PublicityPolicy", "RetentionPolicy", "document_day", "ended_on", "periods_of"]

DishonestyClass = Literal["slight", "general", "serious"]
_SAID = frozenset({"procedure", "amount_fen"})
_DAY = timedelta(days=1)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class ClassPublicity(_Part):
    """One class of dishonesty: published at all, and the months after which it ends."""

    publish: bool
    max_months: int = Field(ge=0, le=120)


class ClassReading(_Part):
    """Facts of these codes are of another class when the condition over their payload holds.

    The condition knows `procedure` (empty where not said) and `amount_fen` (0 where not said).
    """

    id: str = Field(min_length=1)
    codes: list[str] = Field(min_length=1)
    when: Annotated[Condition, CompiledWith(_SAID)]
    class_: DishonestyClass = Field(alias="class")
    legal_basis: list[str] = Field(min_length=1)
    status: PolicyStatus


class Publication(_Part):
    """By which rule and article publication ends."""

    rule: str = Field(min_length=1)
    article: str = Field(min_length=1)


class PublicityPolicy(Policy):
    """The publication periods of the three classes, for documents made while it is in force.

    `covers_lists`: the periods hold for listings too; where they do not, a listing is shown as long as it
    lasts. `readings` put single penalties into another class than their code's; the first that holds decides.
    """

    publication: Publication
    covers_lists: bool
    classes: dict[DishonestyClass, ClassPublicity]
    readings: list[ClassReading] = Field(default=[])

    @model_validator(mode="after")
    def _all_classes(self) -> Self:
        if set(self.classes) != {"slight", "general", "serious"}:
            raise ValueError("all three classes must be described")
        return self

    def class_of(
        self, kind: FactKind, payload: Mapping[str, Any]
    ) -> Literal["none", "slight", "general", "serious"]:
        """The class of a fact: its code's, or the one that a reading gives for what it says."""
        if kind.publicity.class_ == "none":
            return "none"
        said = {
            "procedure": str(payload.get("procedure", "")),
            "amount_fen": int(payload.get("amount_fen", 0)),
        }
        for reading in self.readings:
            if kind.code in reading.codes and reading.when.evaluate(said):
                return reading.class_
        return kind.publicity.class_

    def shown_months(self, kind: FactKind) -> int:
        """How many months facts of a code are shown, if nothing they say puts them into another class."""
        if kind.publicity.class_ == "none":
            return kind.publicity.months
        return self.classes[kind.publicity.class_].max_months if kind.publicity.show else 0

    def published_until(self, publicity_class: DishonestyClass, document_on: date) -> date:
        """The last day on which information of a class may be shown, from the day of its document."""
        return add_months(document_on, self.classes[publicity_class].max_months)


class RetentionPolicy(Policy):
    """How long adverse facts may be looked up, in months from the end of a matter or its determination.

    A lasting matter that nothing has ended yet is never archived.
    """

    runs_from: Literal["end", "determination"]
    adverse_months: int = Field(ge=1, le=600)

    def used_until(self, occurred_on: date, determined_on: date, ended: date | None) -> date:
        """The last day of use of a matter that does not last, or has ended.

        From the determination the months may be over before a listing is: it is used until it is removed.
        """
        if self.runs_from == "end":
            return add_months(ended or occurred_on, self.adverse_months)
        last = add_months(determined_on, self.adverse_months)
        return last if ended is None else max(last, ended)


@dataclass(frozen=True, slots=True)
class Periods:
    """The days of one fact: last day public (None: never), first day of repair, last day before archiving.

    `publicity_class` is the class they follow from.
    """

    publicity_class: Literal["none", "slight", "general", "serious"]
    visible_until: date | None
    repairable_from: date | None
    used_until: date | None

    def visible_on(self, day: date) -> bool:
        """Whether the public sees it on `day`."""
        return self.visible_until is not None and day <= self.visible_until

    def archived_on(self, day: date) -> bool:
        """Whether it is only kept on `day`."""
        return self.used_until is not None and day > self.used_until


def ended_on(fact: FactVersion, known: Iterable[FactVersion], catalogue: Catalogue) -> date | None:
    """The day on which a lasting matter was ended by a closing fact; None while it lasts or if nothing ends
    its code.

    A closing fact ends the matters before it that name the same thing: fields that both carry must agree.
    """
    closing = catalogue.closing(fact.code)
    days = [
        other.occurred_on
        for other in known
        if other.code in closing
        and other.occurred_on >= fact.occurred_on
        and _same_matter(fact.payload, other.payload)
    ]
    return min(days, default=None)


def document_day(fact: FactVersion) -> date:
    """The day on which a fact's document was made: what the fact says, else its own day.

    A listing counts from the service of its decision, its publication from the day of the decision.
    """
    said = fact.payload.get("document_on")
    return date.fromisoformat(said) if isinstance(said, str) else fact.occurred_on


def repaired(fact: FactVersion, known: Iterable[FactVersion], on: date) -> bool:
    """Whether a repair that names this very fact stands on `on`."""
    return any(
        other.code == REPAIRED and other.occurred_on <= on and other.payload.get("fact_id") == str(fact.id)
        for other in known
    )


def periods_of(
    kind: FactKind,
    occurred_on: date,
    payload: Mapping[str, Any],
    publicity: PublicityPolicy,
    retention: RetentionPolicy,
    *,
    lasting: bool = False,
    ended: date | None = None,
    document_on: date | None = None,
    minimum_months: Mapping[DishonestyClass, int] | None = None,
) -> Periods:
    """The periods of a fact: publication and repair from its document, retention as its policy says.

    `minimum_months` are those of the repair rules by class; None for what is not repaired by itself. Their
    corresponding day is the last inside: a repair may be applied for on the day after.
    `document_on` is the day of the document where that is not the fact's own (NDRC Order 36: publication
    runs from the day on which the document was made). `lasting`: something can end it; `ended`: the day on
    which that happened.
    """
    made = document_on or occurred_on
    visible, repairable = None, None
    class_ = publicity.class_of(kind, payload)
    if class_ == "none":
        if kind.publicity.show and kind.publicity.months:
            visible = add_months(made, kind.publicity.months)
    else:
        rule = publicity.classes[class_]
        if minimum_months is not None:
            months = minimum_months.get(class_)
            repairable = add_months(made, months) + _DAY if months else made
        if kind.publicity.show and rule.publish and rule.max_months:
            visible = publicity.published_until(class_, made)
    used = None
    if kind.nature == "adverse" and (ended is not None or not lasting):
        used = retention.used_until(occurred_on, made, ended)
    return Periods(class_, visible, repairable, used)


def _same_matter(fact: Mapping[str, Any], closing: Mapping[str, Any]) -> bool:
    return all(fact[name] == closing[name] for name in fact.keys() & closing.keys())
