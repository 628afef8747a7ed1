"""The shape of `policies/lists.yaml`, `listing-conditions.yaml` and `repair-clocks.yaml`."""

from typing import Annotated, Literal, Self

from common.policies import Policy, PolicyStatus
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .rules import ListName

__all__ = [
    "Article",
    "DishonestyClass",
    "ListForm",
    "ListPolicy",
    "ListingCondition",
    "Majority",
    "Regulator",
    "RepairClock",
    "RepairReading",
    "Term",
]

DishonestyClass = Literal["slight", "general", "serious"]
"""失信信息分类 of NDRC Order 36."""

ChargeRole = Literal["principal", "legal_representative", "manager", "controller"]
"""As what a person answers for a subject."""

Step = Literal["expert", "legal_review", "discussion"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Article(_Part):
    """A rule by its id and article; `status` says whether somebody read it at its source."""

    rule: str = Field(min_length=1)
    article: str = Field(min_length=1)
    status: PolicyStatus


class Term(Article):
    """A period of a procedure in working days."""

    working_days: int = Field(ge=1, le=120)


class ListForm(_Part):
    """One list: its period, whether it is public, and how its procedure runs.

    `reply_required`: a statement must be answered before a decision. `steps` are those that a decision to
    list must have on record.
    """

    name: Text
    months: int = Field(ge=1, le=240)
    period: Article
    longer: Article
    public: bool
    publicity_class: DishonestyClass
    reply_required: bool
    steps: list[Step] = Field(default=[])
    terms: dict[Literal["defence", "reply", "decide"], Term]
    measures: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _a_subject_is_always_heard(self) -> Self:
        if "defence" not in self.terms:
            raise ValueError("every list gives a period for a statement in defence")
        return self


class Majority(Article):
    """From which age, in completed years, a person's listings may be shown."""

    years: int = Field(ge=1, le=30)


class ListPolicy(Policy):
    """Both lists, the rule that nobody is listed unheard, and from which age a person is shown."""

    lists: dict[Literal["serious", "slight"], ListForm]
    majority: Majority
    heard_first: Article
    automatic: Article
    lifting: Article

    @model_validator(mode="after")
    def _both(self) -> Self:
        if set(self.lists) != set(ListName):
            raise ValueError("both lists must be described")
        return self

    def of(self, name: str) -> ListForm:
        """The form of a list."""
        return self.lists[ListName(name).value]


class ListingCondition(Policy):
    """One condition for listing; its id is the condition's code, its status that of this very item.

    `kinds`: the kinds of subjects it can be met by in their own right, natural persons only where they are
    named; none for all. `in_charge`: as what a person who answers for such a subject may be listed along.
    `open_clause`: it names no facts, so whoever invokes it must write out the legal basis. `penalty`: it
    rests on a penalty decision, whose date and number must be given. `repairable`: false where the law or
    central policy excludes repair. `finer`: the conditions that say which of several acts it was; a new
    listing names one of them instead, because restrictions differ by the act.
    """

    on_list: Literal["serious", "slight"]
    market: Literal["tourism", "culture", "both"]
    name: Text
    kinds: list[str] = Field(default=[])
    in_charge: list[ChargeRole] = Field(
        default=["principal", "legal_representative", "manager", "controller"]
    )
    open_clause: bool = False
    penalty: bool = False
    repairable: bool = True
    finer: list[str] = Field(default=[])

    def fits(self, kind: str) -> bool:
        """Whether a subject of `kind` can be listed for it in its own right."""
        return not self.kinds or kind in self.kinds


class RepairClock(Policy):
    """One set of rules for repair and publication: of Order 7, of Order 36, or of Order 58 before it.

    `minimum_months` says how long after listing an application is barred, by list (`for: listing`) or class
    of the information, from `runs_from` on. `publishes`: the publication periods are this set's; they stand
    in `publicity.yaml`.
    `entry_bans` are the acts whose statutory ban bars repair while it runs; a set that is in force on the
    day of the document applies to it.
    """

    rule: Literal["ORDER7", "ORDER36", "ORDER58"]
    name: Text
    minimum_months: dict[DishonestyClass, Annotated[int, Field(ge=0, le=120)]]
    minimum_article: Article
    publishes: bool = False
    runs_from: Literal["listed_on", "document_on"]
    covers: list[Literal["listing", "penalty"]] = Field(min_length=1)
    gap_months: int | None = Field(default=None, ge=1, le=120)
    gap_article: Article | None = None
    steps: dict[Literal["accept", "verify", "decide", "lift"], Term] = Field(default={})
    entry_bans: list[str] = Field(default=[])
    grounds: dict[Literal["REP-X-2", "REP-X-4", "REP-X-5", "REP-X-6"], Article] = Field(default={})
    commitment: Literal["never_from_serious", "always"]
    commitment_article: Article

    @model_validator(mode="after")
    def _articles_are_named(self) -> Self:
        if (self.gap_months is None) != (self.gap_article is None):
            raise ValueError("a gap between repairs needs its article")
        return self


class Regulator(Article):
    """Who settles a conflict of the rules: an officer with `scope` for a region of one of these levels."""

    levels: list[Literal["country", "province", "city", "county"]] = Field(min_length=1)
    scope: Literal["credit:decide", "credit:policy"]


class RepairReading(Policy):
    """Which rules on repair prevail where the two sets differ; `stricter` takes both minimum times,
    Order 36's publication maximum and Order 7's step deadlines. Where they contradict each other over the
    commitment letter, the `regulator` says which holds."""

    reading: Literal["stricter", "order7", "order36"]
    name: Text
    regulator: Regulator
