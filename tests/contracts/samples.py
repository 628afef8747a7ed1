"""The three sample contracts, and small changes to them by path."""

import copy
import json
import re
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
Document = dict[str, Any]
ABSENT = object()


def load(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def domestic() -> Document:
    return load("contract-domestic")


def outbound() -> Document:
    return load("contract-outbound")


def lowprice() -> Document:
    return load("contract-lowprice-suspect")


def expected(name: str) -> set[tuple[str, str, str]]:
    return {(f["rule_id"], f["severity"], f["path"]) for f in load("expected-findings")[f"{name}.json"]}


def changed(document: Document, changes: dict[str, Any]) -> Document:
    """A copy with the value at each path (`a.b[0].c`) replaced, removed (ABSENT) or, if callable, mapped."""
    result = copy.deepcopy(document)
    for path, value in changes.items():
        steps = [int(step) if step.isdigit() else step for step in re.findall(r"[^.\[\]]+", path)]
        parent: Any = result
        for step in steps[:-1]:
            parent = parent[step]
        last = steps[-1]
        if value is ABSENT:
            del parent[last]
        else:
            parent[last] = value(parent[last]) if callable(value) else value
    return result
