"""What a file of subjects may hold: states and outcomes, columns under both headings, words for codes."""

import re
import unicodedata
from datetime import date
from enum import StrEnum

from common.problems import Text

from credit.sheets import Column
from credit.subjects.rules import Kind, Scope, Status

__all__ = [
    "COLUMNS",
    "EXTRA_COLUMNS",
    "PERSONAL",
    "REPORT_COLUMNS",
    "Mode",
    "Outcome",
    "State",
    "UnknownHeading",
    "code_of",
    "codes_of",
    "day_of",
    "is_masked",
    "known_headings",
    "places",
]


class State(StrEnum):
    """Where an import stands. Staged rows and the report live until it is expired."""

    STAGING = "staging"
    APPLYING = "applying"
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Mode(StrEnum):
    """What may happen to rows: register new ones, change known ones, or both."""

    UPSERT = "upsert"
    CREATE = "create"
    UPDATE = "update"


class Outcome(StrEnum):
    """What became of a row; in a dry run, what would become of it."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


COLUMNS = (
    Column("id", Text("编号", "id")),
    Column("kind", Text("类别", "kind")),
    Column("key", Text("统一社会信用代码或导游证号", "key")),
    Column("name", Text("名称", "name")),
    Column("region", Text("行政区划代码", "region")),
    Column("license_no", Text("许可证号", "license_no")),
    Column("business_scope", Text("经营范围", "business_scope")),
    Column("level", Text("等级", "level")),
    Column("status", Text("状态", "status")),
    Column("licensed_on", Text("发证日期", "licensed_on")),
    Column("license_expires_on", Text("许可证到期日", "license_expires_on")),
    Column("headcount", Text("从业人数", "headcount")),
    Column("id_number", Text("身份证号", "id_number")),
    Column("phone", Text("电话", "phone")),
)
"""What is read. An empty cell leaves what is there; nothing is ever cleared by an import."""

EXTRA_COLUMNS = (
    Column("region_name", Text("地区名称", "region_name")),
    Column("score", Text("评分", "score")),
    Column("grade", Text("信用等级", "grade")),
    Column("tier", Text("监管层级", "tier")),
    Column("scored_on", Text("评分日期", "scored_on")),
    Column("version", Text("版本", "version")),
)
"""What an export adds; an import passes over it."""

REPORT_COLUMNS = (
    Column("row", Text("行号", "row")),
    Column("outcome", Text("结果", "outcome")),
    Column("id", Text("编号", "id")),
    Column("kind", Text("类别", "kind")),
    Column("key", Text("代码", "key")),
    Column("name", Text("名称", "name")),
    Column("reasons", Text("原因", "reasons")),
)

PERSONAL = frozenset({"name", "id_number", "phone"})
_ALIASES = {
    "代码": "key",
    "统一社会信用代码": "key",
    "导游证号": "key",
    "姓名": "name",
    "主体名称": "name",
    "主体类别": "kind",
    "地区": "region",
    "所在地区": "region",
    "身份证号码": "id_number",
    "手机": "phone",
    "手机号": "phone",
    "联系电话": "phone",
}
_HEADINGS = {
    name: column.code
    for column in (*COLUMNS, *EXTRA_COLUMNS)
    for name in (column.code, column.heading.zh, column.heading.en)
} | _ALIASES
_READ = frozenset(column.code for column in COLUMNS)
_WORDS: dict[str, dict[str, str]] = {
    "kind": {
        "旅行社": Kind.TRAVEL_AGENCY,
        "分社": Kind.AGENCY_BRANCH,
        "旅行社分社": Kind.AGENCY_BRANCH,
        "导游": Kind.TOUR_GUIDE,
        "星级饭店": Kind.STAR_HOTEL,
        "民宿": Kind.HOMESTAY,
        "景区": Kind.SCENIC_AREA,
        "A级旅游景区": Kind.SCENIC_AREA,
        "在线旅游平台": Kind.OTA_PLATFORM,
        "旅游客运企业": Kind.COACH_COMPANY,
        "自然人": Kind.NATURAL_PERSON,
        "无证经营者": Kind.UNLICENSED_OPERATOR,
    },
    "status": {
        "正常": Status.ACTIVE,
        "在业": Status.ACTIVE,
        "停业": Status.SUSPENDED,
        "吊销": Status.REVOKED,
        "注销": Status.CLOSED,
    },
    "business_scope": {
        "国内": Scope.DOMESTIC,
        "境内": Scope.DOMESTIC,
        "入境": Scope.INBOUND,
        "出境": Scope.OUTBOUND,
        "边境": Scope.BORDER,
        "赴台": Scope.TAIWAN,
        "赴台湾": Scope.TAIWAN,
        "赴台湾地区": Scope.TAIWAN,
        "大陆居民赴台湾地区": Scope.TAIWAN,
    },
}
_SEPARATORS = re.compile(r"[\s,;/|、，；和及与]+")
_TRADE = re.compile(r"(?:旅游|游)?(?:业务)?$")
"""What licences write after the kind of journey: 国内旅游业务."""
_DAY = re.compile(
    r"(?P<y>[0-9]{4})(?:"
    r"(?P<d1>[-/.])(?P<m1>[0-9]{1,2})(?P=d1)(?P<n1>[0-9]{1,2})"
    r"|年(?P<m2>[0-9]{1,2})月(?P<n2>[0-9]{1,2})日?"
    r"|(?P<m3>[0-9]{2})(?P<n3>[0-9]{2})"
    r")(?:[ T]?0{1,2}:00(?::00(?:\.0+)?)?)?"
)


class UnknownHeading(ValueError):
    """A heading that is no column of ours, or one that stands twice."""

    def __init__(self, heading: str, twice: bool) -> None:
        super().__init__(heading)
        self.heading, self.twice = heading, twice


def places(headings: list[str]) -> dict[int, str]:
    """Which column stands at which place; those that an import passes over are left out.

    Raises:
        UnknownHeading: a heading is unknown, or two name the same column.
    """
    found: dict[int, str] = {}
    seen: set[str] = set()
    for place, heading in enumerate(headings):
        name = heading.strip().lstrip("*").strip()
        if not name:
            continue
        code = _HEADINGS.get(name) or _HEADINGS.get(name.lower())
        if code is None or code in seen:
            raise UnknownHeading(name[:60], code is not None)
        seen.add(code)
        if code in _READ:
            found[place] = code
    return found


def known_headings(headings: list[str]) -> int:
    """How many of the headings are columns of ours: by this the separator of a file is told."""
    return sum(_HEADINGS.get(name.strip().lstrip("*").strip().lower()) is not None for name in headings)


def day_of(text: str) -> date | None:
    """The day that a cell means, in the ways in which Chinese spreadsheets write it; None when it is none.

    2026-01-05, 2026/1/5, 2026.1.5, 2026年1月5日 and 20260105, also with midnight behind it.
    """
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        return None
    month, day = (next(filter(None, (match[f"{part}{n}"] for n in (1, 2, 3)))) for part in ("m", "n"))
    try:
        return date(int(match["y"]), int(month), int(day))
    except ValueError:
        return None


def code_of(column: str, word: str) -> str:
    """The code that a word of people stands for; a code stands for itself."""
    return _WORDS[column].get(word, word)


def codes_of(column: str, words: str) -> list[str]:
    """As `code_of`, of a list in one cell; the words that licences add to each are left away."""
    parts = [word for word in _SEPARATORS.split(words) if word]
    return [code_of(column, _TRADE.sub("", word) or word) for word in parts]


def is_masked(text: str) -> bool:
    """Whether a personal value comes from a masked export: then it says nothing and changes nothing."""
    return "*" in text
