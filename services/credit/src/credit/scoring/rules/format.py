"""What every part of a scorecard file is made of: strict parts, and the short forms that a file may use."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Annotated, Any

from common.policies import Condition, PolicyError
from common.problems import Text
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, PlainValidator

__all__ = [
    "Basis",
    "CardError",
    "Codes",
    "FactFilter",
    "FactQuestion",
    "Grade",
    "Identifier",
    "Number",
    "Part",
    "Wording",
    "as_text",
    "compiled",
]


class CardError(ValueError):
    """What is wrong with a card, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


class Part(BaseModel):
    """A part of a card: unknown fields are refused, nothing is converted in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _both_languages(value: Any) -> Any:
    return {"zh": value, "en": value} if isinstance(value, str) else value


def as_text(value: Any) -> Any:
    """A number where a name is wanted, as it is written."""
    return str(value) if type(value) in (int, float) else value


_SLIPS = (
    (re.compile(r"(?<![=!<>])=(?!=)"), "等于写作 ==", "write == for equals"),
    (re.compile(r"\band\b|(?<!&)&(?!&)", re.IGNORECASE), "并且写作 &&", "write && for and"),
    (re.compile(r"\bor\b|(?<!\|)\|(?!\|)", re.IGNORECASE), "或者写作 ||", "write || for or"),
    (re.compile(r"\bnot\b", re.IGNORECASE), "非写作 !", "write ! for not"),
    (re.compile("[“”‘’]"), "文本用英文双引号", "put texts in straight double quotes"),
)
_QUOTED = re.compile(r'"[^"]*"' + r"|'[^']*'")


def _hint(expression: str) -> Text:
    """What a condition that does not parse most likely means to say."""
    bare = _QUOTED.sub('""', expression)
    slips = [(zh, en) for pattern, zh, en in _SLIPS if pattern.search(bare)]
    return Text("".join(f"；{zh}" for zh, _ in slips), "".join(f"; {en}" for _, en in slips))


def compiled(expression: str, names: Iterable[str], where: str = "") -> Condition:
    """A condition over `names`. Raises CardError, which names those that are known."""
    allowed = frozenset(names)
    try:
        return Condition(expression, allowed)
    except PolicyError as failure:
        known, hint = ", ".join(sorted(allowed)), _hint(expression)
        raise CardError(
            f"{where}{failure.reason.zh}{hint.zh}；可用名称：{known}",
            f"{where}{failure.reason.en}{hint.en}; known names: {known}",
        ) from failure


def _compiled_over(*names: str) -> Callable[[Any], Condition]:
    def validate(value: Any) -> Condition:
        if isinstance(value, Condition):
            return value
        if not isinstance(value, str):
            raise CardError("条件须为 CEL 文本", "a condition is a CEL expression in text")
        return compiled(value, names)

    return validate


_AS_TEXT = PlainSerializer(lambda condition: condition.expression, return_type=str)

Number = Annotated[Decimal, Field(ge=-999_999, le=999_999, decimal_places=6)]
"""Points, caps and edges: exact decimals of at most six digits before and after the point."""
Identifier = Annotated[str, BeforeValidator(as_text), Field(min_length=1, max_length=64)]
Grade = Annotated[str, BeforeValidator(as_text), Field(min_length=1, max_length=16)]
Codes = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], BeforeValidator(_listed)]
"""One fact code or a list of them."""
Basis = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_listed)]
"""One article or a list of them."""
Wording = Annotated[Text, BeforeValidator(_both_languages)]
"""`{zh, en}`, or one text for both."""
FactFilter = Annotated[Condition, PlainValidator(_compiled_over("payload", "code")), _AS_TEXT]
"""CEL over one fact: which facts are meant."""
FactQuestion = Annotated[Condition, PlainValidator(_compiled_over("payload", "code", "nth")), _AS_TEXT]
"""CEL over one fact and its place among those that count under the rule (`nth`, from 1)."""
