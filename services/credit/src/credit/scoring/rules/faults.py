"""Why a card does not load, said so that its author can mend it: which rule, which field, what is allowed."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from common.problems import Text
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .format import CardError

__all__ = ["explained"]

_CHINESE = {
    "missing": "缺少该字段",
    "string_type": "须为文本（请加引号）",
    "int_type": "须为整数",
    "bool_type": "须为 true 或 false",
    "list_type": "须为列表",
    "dict_type": "须为键值",
    "decimal_parsing": "须为数值",
    "decimal_type": "须为数值",
    "too_short": "不能为空",
    "string_too_short": "不能为空",
    "string_too_long": "过长",
    "string_pattern_mismatch": "格式不符",
    "greater_than": "数值过小",
    "greater_than_equal": "数值过小",
    "less_than_equal": "数值过大",
    "finite_number": "须为有限数值",
    "decimal_max_places": "小数点后的位数过多",
    "decimal_max_digits": "数字位数过多",
    "too_long": "过长",
    "model_type": "须为键值",
    "model_attributes_type": "须为键值",
    "union_tag_invalid": "取值不可用",
    "union_tag_not_found": "缺少 action",
}


def explained(failure: ValidationError, content: Mapping[str, Any], model: type[BaseModel]) -> Text:
    """Every wrong place of `content`, each with the rule's own id, in both languages."""
    faults = [_fault(error, content, model) for error in failure.errors()]
    name = content.get("id", "?")
    return Text(
        f"评分卡 {name} 有误：" + "；".join(fault.zh for fault in faults),
        f"scorecard {name}: " + "; ".join(fault.en for fault in faults),
    )


def _fault(error: ErrorDetails, content: Mapping[str, Any], model: type[BaseModel]) -> Text:
    place = _place(error["loc"], content)
    zh, en = f"{place}：" if place else "", f"{place}: " if place else ""
    kind = error["type"]
    raised = error.get("ctx", {}).get("error")
    if isinstance(raised, CardError):
        return Text(zh + raised.text.zh, en + raised.text.en)
    if kind == "extra_forbidden":
        known = ", ".join(_fields_at(error["loc"][:-1], model)) or "-"
        return Text(f"{zh}未知字段；可用字段：{known}", f"{en}unknown field; known here: {known}")
    if kind == "literal_error":
        expected = error["ctx"]["expected"]
        return Text(
            f"{zh}取值 {error['input']!r} 不可用，可用：{expected}",
            f"{en}{error['input']!r} is not supported; use one of {expected}",
        )
    if kind.startswith("string_type"):
        return Text(f"{zh}须为文本（请加引号）", f"{en}must be text; put it in quotes")
    if kind.startswith("date_"):
        return Text(f"{zh}须为日期 YYYY-MM-DD，且当月有此日", f"{en}must be a day that exists, as YYYY-MM-DD")
    message = error["msg"].removeprefix("Value error, ")
    return Text(zh + (_CHINESE.get(kind) or _of_the_head(message)), en + message)


def _of_the_head(message: str) -> str:
    """What the head of every policy says of its days and its region, in Chinese."""
    if message == "effective_to lies before effective_from":
        return "effective_to 早于 effective_from"
    unknown = message.removeprefix("no division has the code ")
    return f"region：没有行政区划代码 {unknown}" if unknown != message else message


def _place(loc: Sequence[int | str], content: Any) -> str:
    """`rules[3](AG-FINE).points`: the way to the wrong place, with ids where list entries have one."""
    words = ""
    at = content
    for step in loc:
        if isinstance(step, int):
            at = at[step] if isinstance(at, list) and step < len(at) else None
            name = at.get("id") or at.get("grade") if isinstance(at, Mapping) else None
            words += f"[{step}]" + (f"({name})" if name else "")
        else:
            at = at.get(step) if isinstance(at, Mapping) else None
            words += f".{step}" if words else step
    return words


def _fields_at(loc: Sequence[int | str], model: type[BaseModel]) -> list[str]:
    """The field names of the model that stands at `loc`."""
    at: Any = model
    for step in loc:
        if isinstance(step, str) and isinstance(at, type) and issubclass(at, BaseModel):
            field = next((f for n, f in at.model_fields.items() if step in (n, f.alias)), None)
            at = field.annotation if field else at
        at = _inner(at)
    if not (isinstance(at, type) and issubclass(at, BaseModel)):
        return []
    return sorted(field.alias or name for name, field in at.model_fields.items())


def _inner(annotation: Any) -> Any:
    """The model inside list[...], dict[...], Optional[...] and Annotated[...], if there is just one."""
    while not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        inner = [a for a in get_args(annotation) if a is not type(None) and a is not str]
        if not inner:
            return annotation
        annotation = inner[0]
    return annotation
