"""Clients switch on a problem's type: one type has one status, and one rule has one type."""

import importlib
import re
from collections import defaultdict
from pathlib import Path

from common import problems
from common.problems import Problem, SecondPersonNeeded

SOURCES = sorted(Path(__file__).resolve().parents[2].glob("services/*/src"))


def all_problems() -> list[type[Problem]]:
    modules = [problems]
    for source in SOURCES:
        modules += [
            importlib.import_module(".".join(path.relative_to(source).with_suffix("").parts))
            for path in sorted(source.rglob("errors.py"))
        ]
    found = {
        one
        for module in modules
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Problem)
    }
    return sorted(found, key=lambda one: (one.__module__, one.__name__))


def test_what_a_body_is_refused_for_is_said_in_two_languages() -> None:
    schemas = [path for source in SOURCES for path in sorted(source.rglob("schemas.py"))]
    assert len(schemas) > 40
    plain = re.compile(r"raise ValueError\(\s*f?[\"']")
    assert [str(path) for path in schemas if plain.search(path.read_text(encoding="utf-8"))] == []


def test_one_type_has_one_status_and_a_second_person_one_type() -> None:
    found = all_problems()
    assert len(found) > 150
    statuses: dict[str, set[int]] = defaultdict(set)
    for one in found:
        statuses[one.type].add(one.status)
    assert {name: held for name, held in statuses.items() if len(held) > 1} == {}
    about = [one for one in found if "second-person" in one.type or "same-person" in one.type]
    assert about and all(issubclass(one, SecondPersonNeeded) for one in about)
