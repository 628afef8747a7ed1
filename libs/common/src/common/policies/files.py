"""Reads policy files: a small, unambiguous part of YAML, given back as JSON values.

YAML 1.1 reads `no` as false, `010` as eight and `12:30` as 750, and lets a later key overwrite an earlier one
in silence. In a legal text each of these is an accident, so scalars are read by the YAML 1.2 core rules and
duplicate keys are refused.
"""

import re
from collections.abc import Hashable
from datetime import date
from pathlib import Path
from typing import Any

import rfc8785
import yaml

from common.problems import Text

from .errors import PolicyError

__all__ = ["Json", "policy_files", "read_policy_file"]

Json = dict[str, Any]

_MOST_VALUES = 1_000_000

_SCALARS = (
    ("tag:yaml.org,2002:null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", ["t", "f"]),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("tag:yaml.org,2002:float", r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+$", list("-+0123456789")),
    ("tag:yaml.org,2002:timestamp", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", list("0123456789")),
)


class _Loader(yaml.CSafeLoader):
    """SafeLoader with the YAML 1.2 scalars and without silent overwriting."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  (the name and shape are PyYAML's)

    def construct_day(self, node: yaml.ScalarNode) -> date:
        try:
            return date.fromisoformat(node.value)
        except ValueError as failure:
            raise yaml.MarkedYAMLError(
                problem=f"{node.value} is no day that exists", problem_mark=node.start_mark
            ) from failure

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(
                    problem=f"key {key!r} is not text; quote it", problem_mark=key_node.start_mark
                )
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"duplicate key {key!r}", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=True)


for _tag, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.construct_day)


def policy_files(source: Path | list[Path]) -> list[Path]:
    """The files meant by `source`: the `*.yaml` directly in a folder, one file, or a list of these."""
    paths = source if isinstance(source, list) else [source]
    found: list[Path] = []
    for path in paths:
        found.extend(sorted(path.glob("*.yaml")) if path.is_dir() else [path])
    if not found:
        raise PolicyError(", ".join(p.name for p in paths), Text("没有规则文件", "no policy file found"))
    return found


def read_policy_file(path: Path) -> list[Json]:
    """The policies of one file as JSON objects. Raises PolicyError naming file, line and reason."""
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.load(text, Loader=_Loader)  # noqa: S506  (_Loader is a SafeLoader)
    except (OSError, ValueError, TypeError, LookupError, yaml.YAMLError, RecursionError) as failure:
        raise PolicyError(path.name, Text(f"无法读取：{failure}", f"cannot be read: {failure}")) from failure
    entries = document if isinstance(document, list) else [document]
    policies: list[Json] = []
    for entry in entries:
        if not isinstance(entry, dict):
            raise PolicyError(
                path.name,
                Text(
                    "须为键值形式的一条规则（评分卡），或者这样的列表",
                    "must hold one policy (such as a scorecard) as keys and values, or a list of such",
                ),
            )
        try:
            _check_size(entry)
            content: Json = _as_json(entry)
            rfc8785.dumps(content)
        except (TypeError, ValueError, RecursionError) as failure:
            raise PolicyError(
                path.name, Text(f"内容不可用：{failure}", f"unusable value: {failure}")
            ) from failure
        policies.append(content)
    return policies


def _check_size(value: Any) -> None:
    """Refuse what a few lines of aliases blow up beyond any policy. Raises ValueError."""
    waiting, seen = [value], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if seen > _MOST_VALUES:
            raise ValueError(f"more than {_MOST_VALUES} values; each alias repeats all that it names")
        waiting += one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    if type(value) is date:
        return value.isoformat()
    if value is None or type(value) in (str, bool, int, float):
        return value
    raise TypeError(f"{type(value).__name__} is no JSON value")
