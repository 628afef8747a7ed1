"""What a warning rule may say, checked when it is loaded or written."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, Self

from common.policies import CompiledWith, Condition, Policy
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["EVENT_TRIGGERS", "SWEPT_TRIGGERS", "Proposal", "Rise", "WarningRule"]

_FACTS = frozenset(
    {
        "rule_ids",
        "ratio",
        "region",
        "steps_down",
        "tier",
        "kind",
        "count",
        "days_left",
        "what",
        "code",
        "recent",
        "past",
        "warns",
    }
)
EVENT_TRIGGERS = frozenset({"price_alert_raised", "grade_changed", "fact_recorded", "reported"})
SWEPT_TRIGGERS = frozenset({"facts_in_window", "warnings_in_window", "due_date", "complaint_rise"})


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Proposal(_Part):
    """What a rule proposes to a person: a listing, or the end of an honour. It never lists by itself."""

    what: Literal["listing", "honour_revocation"]
    on_list: Literal["serious", "slight"] | None = None
    condition: str | None = None

    @model_validator(mode="after")
    def _a_listing_says_which(self) -> Self:
        if (self.what == "listing") != (self.on_list is not None and self.condition is not None):
            raise ValueError("a proposed listing names list and condition, nothing else does")
        return self


class Rise(_Part):
    """The test of an unusual rise: the last `recent_months` against the `past_months` before them.

    Each look is another chance of a false alarm, so a group of peers is looked at once a month or quarter,
    on the first night of it, and `q` is spent over the looks of a quarter in equal parts: by Boole's
    inequality a group in which nothing rises sees any false alarm in a quarter with chance `q` at most, and
    of each look's alarms the expected share of false ones is at most its part.
    """

    recent_months: int = Field(ge=1, le=12)
    past_months: int = Field(ge=3, le=60)
    q: Decimal = Field(gt=0, lt=1)
    look: Literal["month", "quarter"] = "month"

    @property
    def q_of_look(self) -> Fraction:
        """The part of `q` that one look may spend."""
        return Fraction(self.q) / (3 if self.look == "month" else 1)

    def period_begins(self, on: date) -> date:
        """The first day of the month or quarter in which a look on `on` is the only one."""
        month = on.month if self.look == "month" else (on.month - 1) // 3 * 3 + 1
        return on.replace(month=month, day=1)


class WarningRule(Policy):
    """When something becomes a warning, how serious it is, and how soon somebody must deal with it.

    Triggers as events come: `price_alert_raised` gives `rule_ids`, `ratio` (null when there is none);
    `grade_changed` gives `steps_down` (how many grades worse, negative for better, 0 where another card names
    other grades) and `warns` (the card says `warn` of the grade's band, and it was not entered from a worse
    one); `fact_recorded` of one of `codes` gives `code`; `reported` is raised by another room of this
    service. Triggers looked for every night, the first two also as events come: `facts_in_window` and
    `warnings_in_window` give `count` when at least `at_least` facts of `codes` (warnings of the rules
    `codes`) fall into some `months` months that end within the last `months`; `due_date` gives `what` and
    `days_left` (0 on the day itself, negative after) for dates at most `within_days` ahead and, of subjects
    in business, for what is over however long; `complaint_rise`, looked for once a month or quarter, gives
    `recent` and `past` of subjects whose rise the test finds unusual. All give `kind`, `tier` and `region` of
    the subject.

    `dedupe`: `open` keeps one open warning per subject and rule, to which later evidence is added; `source`
    makes each source a warning of its own. `kinds` narrows to kinds of subjects. Of facts in a window
    `authorities` narrows to those whose authority's name contains one of these words, and `counts: listings`
    counts each listing once, on its first day, and none whose ground was undone.
    """

    trigger: Literal[
        "price_alert_raised",
        "grade_changed",
        "fact_recorded",
        "reported",
        "facts_in_window",
        "warnings_in_window",
        "due_date",
        "complaint_rise",
    ]
    kind: Literal["clue", "proposal"] = "clue"
    proposes: Proposal | None = None
    when: Annotated[Condition, CompiledWith(_FACTS)]
    kinds: list[str] = Field(default=[])
    codes: list[str] = Field(default=[])
    months: int | None = Field(default=None, ge=1, le=120)
    at_least: int | None = Field(default=None, ge=1, le=1000)
    authorities: list[Annotated[str, Field(min_length=2, max_length=100)]] = Field(default=[])
    counts: Literal["facts", "listings"] = "facts"
    what: list[str] = Field(default=[])
    within_days: int | None = Field(default=None, ge=0, le=366)
    rise: Rise | None = None
    dedupe: Literal["open", "source"] = "open"
    severity: Literal["low", "medium", "high"]
    acknowledge_within_working_days: int = Field(ge=1, le=60)
    resolve_within_working_days: int = Field(default=30, ge=1, le=250)
    name: Text
    advice: Text

    @model_validator(mode="after")
    def _fits_its_trigger(self) -> Self:
        counted = self.trigger in {"facts_in_window", "warnings_in_window"}
        wanted = {
            "codes": counted or self.trigger in {"fact_recorded", "complaint_rise"},
            "months": counted,
            "at_least": counted or self.trigger == "complaint_rise",
            "what": self.trigger == "due_date",
            "within_days": self.trigger == "due_date",
            "rise": self.trigger == "complaint_rise",
        }
        for name, needed in wanted.items():
            if needed != (getattr(self, name) not in (None, [])):
                raise ValueError(f"{self.trigger} {'needs' if needed else 'does not take'} {name}")
        narrowed = bool(self.authorities) or self.counts != "facts"
        if narrowed and self.trigger != "facts_in_window":
            raise ValueError(f"{self.trigger} takes neither authorities nor counts")
        if (self.kind == "proposal") != (self.proposes is not None):
            raise ValueError("a proposal says what it proposes, a clue proposes nothing")
        if self.acknowledge_within_working_days > self.resolve_within_working_days:
            raise ValueError("a warning is acknowledged before it is resolved")
        return self
