"""What crosses the API about warning rules."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from common.web import Day, Model
from pydantic import Field, StringConstraints

__all__ = ["ActivationIn", "PrecisionView", "RuleIn", "RuleView", "YearView"]

RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]{2,39}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class RuleIn(Model):
    """A rule version to write; `body` holds what the trigger needs, as the guide says for each trigger.

    The version's number is given by the service. It begins with `effective_from`, today at the earliest.
    `region` is by default the caller's own, where that is one.
    """

    id: RuleId
    region: Region | None = None
    effective_from: Day
    effective_to: Day | None = None
    legal_basis: Annotated[list[Words], Field(min_length=1, max_length=20)]
    status: Literal["verified", "recalled", "sample"] = "sample"
    body: dict[str, Any]


class ActivationIn(Model):
    """Which written version shall count; `region` is by default the caller's own, where that is one."""

    version: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    region: Region | None = None


class RuleView(Model):
    """One version of a rule. `author` and `written_at` are null for versions that came as files.

    `would_warn_today` is the dry run: how many subjects of the caller's regions the version finds today, null
    for rules that only events trigger.
    """

    id: str
    version: str
    region: str
    effective_from: date
    effective_to: date | None
    status: str
    hash: str
    active: bool
    author: str | None
    written_at: datetime | None
    activated_by: str | None
    activated_at: datetime | None
    would_warn_today: int | None = None
    content: dict[str, Any]


class YearView(Model):
    """How the warnings of a rule ended, of one year of raising or of all."""

    year: int | None
    raised: int
    resolved: int
    confirmed: int
    false_alarm: int
    no_action: int
    handed_over: int
    precision: float | None
    low: float | None
    high: float | None


class PrecisionView(Model):
    """Precision = confirmed / (confirmed + false_alarm + no_action), with Wilson's 95 % interval.

    What was handed over is left out: its end is not known here. So is what is still open.
    """

    rule: str
    total: YearView
    years: list[YearView]
