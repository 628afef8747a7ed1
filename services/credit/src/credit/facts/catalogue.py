"""The published catalogue of credit information: a national basic part and local supplementary parts.

The basic catalogue (基础目录) holds everywhere. A supplementary one (补充目录) adds codes for its own region
and can neither remove a basic code nor change what it means: its codes carry the region's digits (`L14_...`),
so a code means the same thing wherever it is read. Every code has one of the six classes of Article 8 of the
credit provisions. What may never be collected is named here too and refused by the field's name.
"""

import re
from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from common.auth import region_prefix
from common.policies import WHOLE_COUNTRY, Policy, PolicySet
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .kinds import SourceKind

__all__ = [
    "Catalogue",
    "FactCatalogue",
    "FactKind",
    "FieldKind",
    "NeverCollected",
    "Publicity",
    "catalogue",
    "check_parts",
]

FieldKind = Literal["amount", "count", "number", "text", "codes", "flag", "day"]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
Choice = Annotated[list[Word], Field(min_length=2)] | Annotated[dict[Word, Text], Field(min_length=2)]
"""A field that takes one of these words; each may have a label in both languages."""
_LOCAL = re.compile(r"L([0-9]{2}|[0-9]{4}|[0-9]{6})_")
BASIC = "fact-catalogue"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Publicity(_Part):
    """Whether and how long a fact is shown to the public; `class` as the repair rules sort dishonesty.

    How long a classed fact is shown is the law's to say, by class and date (`publicity.yaml`); only a fact of
    no class has `months` of its own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    class_: Literal["none", "slight", "general", "serious"] = Field(alias="class")
    show: bool
    months: int = Field(default=0, ge=0, le=120)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.class_ != "none" and self.months:
            raise ValueError("the months of a class stand in the publicity policy")
        return self


class FactKind(_Part):
    """One code: its class (Article 8 of the credit provisions), nature, payload and publicity.

    `info_class`: 1 registration and identity, 2 courts, arbitration and enforcement, 3 licences and
    penalties, 4 joint reward and punishment, 5 evaluation and commitment, 6 other. `closes` names the codes
    of lasting matters that a fact of this code ends from its day on. A code that belongs to a procedure names
    in `recorded_by` the kinds of source that record it; nobody enters it by hand.
    """

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]{2,47}$")
    name: Text
    info_class: int = Field(ge=1, le=6)
    nature: Literal["adverse", "favourable", "neutral"]
    publicity: Publicity
    payload: dict[str, FieldKind | Choice] = Field(default={})
    required: list[str] = Field(default=[])
    closes: list[str] = Field(default=[])
    recorded_by: list[Annotated[SourceKind, Field(strict=False)]] = Field(default=[])

    @model_validator(mode="after")
    def _required_is_declared(self) -> Self:
        if not set(self.required) <= set(self.payload):
            raise ValueError("a required field is not declared in payload")
        return self

    def faults(self, payload: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
        """What is wrong with a payload, as (field, reason)."""
        for name in sorted(set(self.required) - set(payload)):
            yield name, Text("缺少必填字段", "A required field is missing")
        for name, value in payload.items():
            wanted = self.payload.get(name)
            if wanted is None:
                yield name, Text(f"{self.code} 没有此字段", f"{self.code} has no such field")
            elif not _fits(wanted, value):
                yield name, _wanted(wanted)


_WANTED: dict[FieldKind, Text] = {
    "amount": Text("须为非负整数（分）", "Must be a whole number of fen, not negative"),
    "count": Text("须为非负整数", "Must be a whole number, not negative"),
    "number": Text("须为至多四位小数的数", "Must be a number of at most four decimals"),
    "text": Text("须为不超过 200 字的文本", "Must be text of at most 200 characters"),
    "codes": Text("须为至多 20 个代码的列表", "Must be a list of at most 20 codes"),
    "flag": Text("须为 true 或者 false", "Must be true or false"),
    "day": Text("须为 YYYY-MM-DD 的日期", "Must be a date as YYYY-MM-DD"),
}


def _wanted(kind: FieldKind | Choice) -> Text:
    if isinstance(kind, dict):
        zh = "、".join(f"{word}（{label.zh}）" for word, label in kind.items())
        return Text(
            f"须为以下之一：{zh}",
            f"Must be one of {', '.join(f'{word} ({label.en})' for word, label in kind.items())}",
        )
    if isinstance(kind, list):
        return Text(f"须为以下之一：{'、'.join(kind)}", f"Must be one of {', '.join(kind)}")
    return _WANTED[kind]


def _fits(kind: FieldKind | Choice, value: Any) -> bool:
    if isinstance(kind, list | dict):
        return isinstance(value, str) and value in kind
    if kind == "flag":
        return isinstance(value, bool)
    if kind in ("amount", "count"):
        return type(value) is int and 0 <= value < 2**53
    if kind == "number":
        return type(value) in (int, float) and abs(value) < 10**9 and round(value, 4) == value
    if kind == "text":
        return isinstance(value, str) and 1 <= len(value) <= 200
    if kind == "day":
        return isinstance(value, str) and _is_day(value)
    return (
        isinstance(value, list)
        and len(value) <= 20
        and all(isinstance(code, str) and 1 <= len(code) <= 40 for code in value)
    )


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


class NeverCollected(_Part):
    """One matter that credit information never holds, with the words that a field's name must not contain."""

    name: Text
    words: list[str] = Field(min_length=1)

    def meets(self, field: str) -> bool:
        """Whether a field of that name would hold it: a word of its own, or Chinese anywhere in the name."""
        parts = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", field).lower())
        said = {*parts, *(first + second for first, second in pairwise(parts))}
        return any(word in said if word.isascii() else word in field for word in self.words)


class FactCatalogue(Policy):
    """One published part of the catalogue."""

    part: Literal["basic", "supplementary"]
    facts: list[FactKind] = Field(min_length=1)
    never_collect: list[NeverCollected] = Field(default=[])

    @model_validator(mode="after")
    def _whole(self) -> Self:
        codes = [fact.code for fact in self.facts]
        if len(set(codes)) != len(codes):
            raise ValueError("fact codes must differ")
        if self.part == "basic":
            self._check_basic(set(codes))
        else:
            self._check_supplementary()
        return self

    def _check_basic(self, codes: set[str]) -> None:
        if self.id != BASIC or self.region != WHOLE_COUNTRY or not self.never_collect:
            raise ValueError(
                "the basic part is fact-catalogue, holds everywhere and names what is never held"
            )
        for fact in self.facts:
            if _LOCAL.match(fact.code):
                raise ValueError(f"{fact.code} is a local code")
            if not set(fact.closes) <= codes:
                raise ValueError(f"{fact.code} closes an unknown code")

    def _check_supplementary(self) -> None:
        if self.id == BASIC or self.region == WHOLE_COUNTRY or self.never_collect:
            raise ValueError("a supplementary part has an id and a region of its own and only adds codes")
        wanted = f"L{region_prefix(self.region)}_"
        for fact in self.facts:
            if not fact.code.startswith(wanted):
                raise ValueError(f"{fact.code}: local codes of this region begin with {wanted}")

    @cached_property
    def by_code(self) -> dict[str, FactKind]:
        """The kinds by code."""
        return {fact.code: fact for fact in self.facts}


@dataclass(frozen=True)
class Catalogue:
    """The basic part and the supplementary parts that hold beside it."""

    basic: FactCatalogue
    supplements: tuple[FactCatalogue, ...] = ()

    @property
    def facts(self) -> list[FactKind]:
        """Every kind, the basic ones first."""
        return [fact for part in (self.basic, *self.supplements) for fact in part.facts]

    @property
    def by_code(self) -> Mapping[str, FactKind]:
        """The kinds by code."""
        return ChainMap(self.basic.by_code, *(part.by_code for part in self.supplements))

    def forbidden(self, field: str) -> NeverCollected | None:
        """What a field of that name would hold that may never be collected."""
        return next((one for one in self.basic.never_collect if one.meets(field)), None)

    def codes_of(self, info_class: int | None, code: str | None, nature: str | None) -> list[str] | None:
        """The codes that a filter means; None when it does not narrow."""
        if info_class is None and code is None and nature is None:
            return None
        return [
            kind.code
            for kind in self.facts
            if info_class in (None, kind.info_class)
            and code in (None, kind.code)
            and nature in (None, kind.nature)
        ]

    def closing(self, code: str) -> list[str]:
        """The codes that end a matter of `code`."""
        return [kind.code for kind in self.facts if code in kind.closes]


def catalogue(parts: PolicySet[FactCatalogue], on: date, region: str | None = None) -> Catalogue:
    """The catalogue in force on `on`: in `region`, or for None with the supplements of all regions.

    Raises PolicyNotInForce where no basic catalogue was in force.
    """
    basic = parts.choose(BASIC, on=on)
    held = tuple(
        part
        for part in parts
        if part.part == "supplementary"
        and part.in_force(on)
        and (region is None or region.startswith(region_prefix(part.region)))
    )
    return Catalogue(basic, held)


def check_parts(parts: Sequence[FactCatalogue]) -> None:
    """Refuse what no part alone can see: a field that may never be held, a closed code that nobody has.

    Raises:
        ValueError: naming code and field.
    """
    codes = {fact.code for part in parts for fact in part.facts}
    words = [one for part in parts for one in part.never_collect]
    for part in parts:
        for fact in part.facts:
            if not set(fact.closes) <= codes:
                raise ValueError(f"{fact.code} closes an unknown code")
            for name in fact.payload:
                if met := next((one for one in words if one.meets(name)), None):
                    raise ValueError(f"{fact.code}.{name} would hold {met.name.en}, which is never collected")
