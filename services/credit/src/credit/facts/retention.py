"""How long a fact is shown, and when it is only kept. Stop showing is not deleting.

Two periods, both policy data. The *publication period* says until when the public sees a fact; it stops by
itself at the maximum of the fact's class. The *retention period* says until when a record of dishonesty may
be looked up and used at all; afterwards it is archived: kept for audit, and shown to officers with that mark.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Self

from common.calendar import add_months
from common.policies import Policy
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .catalogue import Catalogue, FactKind
from .rules import REPAIRED, FactVersion

__all__ = ["Periods", "PublicityPolicy", "RetentionPolicy", "ended_on", "periods_of"]

DishonestyClass = Literal["slight", "general", "serious"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ClassPublicity(_Part):
    """One class of dishonesty: published at all, months before a repair, months after which it ends."""

    publish: bool
    min_months: int = Field(ge=0, le=120)
    max_months: int = Field(ge=0, le=120)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_months > self.max_months:
            raise ValueError("the minimum lies behind the maximum")
        return self


class PublicityPolicy(Policy):
    """The publication periods of the three classes, for documents made while it is in force."""

    classes: dict[DishonestyClass, ClassPublicity]

    @model_validator(mode="after")
    def _all_classes(self) -> Self:
        if set(self.classes) != {"slight", "general", "serious"}:
            raise ValueError("all three classes must be described")
        return self


class RetentionPolicy(Policy):
    """How long adverse facts may be looked up, in months from the end of the matter.

    A lasting matter that nothing has ended yet is never archived.
    """

    adverse_months: int = Field(ge=1, le=600)


@dataclass(frozen=True, slots=True)
class Periods:
    """The days of one fact: last day public (None: never), first day of repair, last day before archiving."""

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


def repaired(fact: FactVersion, known: Iterable[FactVersion], on: date) -> bool:
    """Whether a repair that names this very fact stands on `on`."""
    return any(
        other.code == REPAIRED and other.occurred_on <= on and other.payload.get("fact_id") == str(fact.id)
        for other in known
    )


def periods_of(
    kind: FactKind,
    occurred_on: date,
    publicity: PublicityPolicy,
    retention: RetentionPolicy,
    *,
    lasting: bool = False,
    ended: date | None = None,
) -> Periods:
    """The periods of a fact of `kind`, counted from the day of its document (`occurred_on`).

    `lasting`: something can end it; `ended`: the day on which that happened. The kind's own months never go
    beyond the maximum of its class.
    """
    visible, repairable = None, None
    if kind.publicity.class_ == "none":
        if kind.publicity.show and kind.publicity.months:
            visible = add_months(occurred_on, kind.publicity.months)
    else:
        rule = publicity.classes[kind.publicity.class_]
        repairable = add_months(occurred_on, rule.min_months)
        months = min(kind.publicity.months, rule.max_months)
        if kind.publicity.show and rule.publish and months:
            visible = add_months(occurred_on, months)
    used = None
    if kind.nature == "adverse" and (ended is not None or not lasting):
        used = add_months(ended or occurred_on, retention.adverse_months)
    return Periods(visible, repairable, used)


def _same_matter(fact: Mapping[str, Any], closing: Mapping[str, Any]) -> bool:
    return all(fact[name] == closing[name] for name in fact.keys() & closing.keys())
