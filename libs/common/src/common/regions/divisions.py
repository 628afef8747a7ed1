"""The table of divisions and the questions put to it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from common.problems import Problem, Text

__all__ = [
    "COUNTRY",
    "Level",
    "UnknownRegion",
    "authority_name",
    "children",
    "counties",
    "covers",
    "exists",
    "full_name",
    "level",
    "name_of",
    "parent",
    "provinces",
]

COUNTRY = "000000"
Level = Literal["country", "province", "city", "county"]

_FILE = Path(__file__).parent / "gbt2260.tsv"
_CODE_LENGTH = 6


class UnknownRegion(Problem):
    """The code names no present or former division."""

    type = "/problems/unknown-region"
    title = Text("未知的行政区划代码", "Unknown division code")
    status = 422

    def __init__(self, code: str) -> None:
        super().__init__(Text(f"没有行政区划代码 {code[:20]}", f"no division has the code {code[:20]}"))


@cache
def _divisions() -> tuple[dict[str, str], frozenset[str]]:
    """Every name by code, and the codes that are in use today."""
    names = {COUNTRY: "全国"}
    current = {COUNTRY}
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            code, name, *last_day = line.split("\t")
            names[code] = name
            if not last_day:
                current.add(code)
    return names, frozenset(current)


@cache
def _children() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for code in sorted(_divisions()[1] - {COUNTRY}):
        found.setdefault(_parent(code), []).append(code)
    return {code: tuple(inside) for code, inside in found.items()}


def exists(code: str) -> bool:
    """Whether `code` is a division of today, or the whole country."""
    return code in _divisions()[1]


def name_of(code: str) -> str:
    """The division's own name, also of a former division. Raises UnknownRegion."""
    try:
        return _divisions()[0][code]
    except KeyError:
        raise UnknownRegion(code) from None


def full_name(code: str) -> str:
    """The name with those above it: 山西省太原市小店区. Raises UnknownRegion."""
    name = name_of(code)
    above = parent(code)
    return name if above is None or above == COUNTRY else full_name(above) + name


def level(code: str) -> Level:
    """The administrative level. Raises UnknownRegion."""
    name_of(code)
    if code == COUNTRY:
        return "country"
    if code.endswith("0000"):
        return "province"
    return "city" if code.endswith("00") else "county"


def parent(code: str) -> str | None:
    """The division directly above, None for the country. Raises UnknownRegion."""
    name_of(code)
    return None if code == COUNTRY else _parent(code)


def children(code: str) -> tuple[str, ...]:
    """The divisions of today directly below, in order. Raises UnknownRegion."""
    name_of(code)
    return _children().get(code, ())


def provinces() -> tuple[str, ...]:
    """All provinces, autonomous regions, municipalities and special administrative regions."""
    return children(COUNTRY)


def counties(scope: str = COUNTRY) -> tuple[str, ...]:
    """The county-level divisions of today inside `scope`, itself included, in order. Raises UnknownRegion."""
    if level(scope) == "county":
        return (scope,) if exists(scope) else ()
    return tuple(county for below in children(scope) for county in counties(below))


def authority_name(code: str, names: Mapping[str, str], endings: Mapping[Level, str]) -> str:
    """The authority of a place as papers call it: `names` first, else its name with the ending of its level.

    A district is named with its city (太原市小店区), a county or county-level city by itself, the country not
    at all. Raises UnknownRegion.
    """
    if code in names:
        return names[code]
    of_level, above = level(code), parent(code)
    place = "" if above is None else name_of(code)
    if of_level == "county" and above is not None and place.endswith("区"):
        place = name_of(above) + place
    return place + endings[of_level]


def covers(scope: str, code: str) -> bool:
    """Whether `code` lies in `scope` or is it, by their digits alone."""
    if len(scope) != _CODE_LENGTH or len(code) != _CODE_LENGTH:
        return False
    if scope == COUNTRY:
        return True
    significant = 2 if scope.endswith("0000") else 4 if scope.endswith("00") else _CODE_LENGTH
    return code.startswith(scope[:significant])


def _parent(code: str) -> str:
    if code.endswith("0000"):
        return COUNTRY
    city = code[:4] + "00"
    return city if code != city and city in _divisions()[0] else code[:2] + "0000"
