"""What a text says, as signals and figures. Pure: no clock, no I/O; the day of receipt is an argument."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from complaints.routing.policy import SignalList

__all__ = ["Reading", "TourEnd", "fold", "number_of", "read"]

_DIGITS = {d: n for n, d in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2, "半": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMBER = r"(?:\d{1,9}(?:\.\d{1,2})?万?|[零〇一二两三四五六七八九十百千万]{1,10})"
_GROUP = re.compile(
    rf"(?:我们|咱们|一行|一家|全家|同行|我家|公司组织|单位组织|组织(?:了)?|共有?|合计)[^,。!?;]{{0,4}}?({_NUMBER})(?:多|余)?(?:个)?(?:人|名|位|口)"
    rf"|({_NUMBER})(?:多|余)?(?:个)?(?:名|位)(?:游客|团友|客人|旅客|老人|员工)"
)
_PRICE_THEN_DAYS = re.compile(
    rf"({_NUMBER})(?:元|块钱|块)(?:[^。!?;]{{0,24}}?(?<!第)({_NUMBER})(?:天|日)(?:游|团|的|行程|{_NUMBER}[晚夜])|[^。!?;]{{0,24}}?[游玩]({_NUMBER})(?:天|日))"
)
_DAYS_THEN_PRICE = re.compile(
    rf"({_NUMBER})(?:天|日)(?:游|团|的团|行程|跟团)[^。!?;]{{0,12}}?({_NUMBER})(?:元|块钱|块)"
)
_SOON = re.compile(
    rf"(?:离|距|距离)[^,。!?;]{{0,6}}(?:入住|出发|出行|发团)[^,。!?;]{{0,4}}?(?:还有|只剩|仅剩|剩|只有|不到|就)?({_NUMBER})(?:天|日)"
    rf"|(?:还有|只剩|仅剩|剩下|再过|不到)({_NUMBER})(?:天|日)(?:就要|就|便|才)?(?:要|该)?(?:入住|出发|出行|发团)"
    rf"|(明天|后天|今晚|今天|明晚)(?:就要|就|要|的)?(?:入住|出发|出行|发团)"
)
_TRIP_LENGTH = re.compile(rf"({_NUMBER})(?:日|天)(?:游|团|之旅|的团|跟团)")
_DAY = re.compile(
    rf"(?:(\d{{4}})年|(去年|前年|今年))?({_NUMBER})月(?:({_NUMBER})(?:日|号)|(初|中旬|底|下旬|上旬))?"
)
_TODAY = re.compile(r"(?:今天|现在|目前|今日)(?:已经|都)?(?:是|为)$")
_ENDED = re.compile(r"结束|返程|返回|回来|散团|回到家|行程完|退房|送团|回程")
_LAST_YEAR = re.compile(
    r"(去年|前年)(?!.{0,6}投诉)[^。!?;]{0,20}(游|团|玩|住|参加|报名|组织|去了|旅行|出行|景)"
)
_FESTIVAL_END = {
    "元旦": (1, 3),
    "春节": (2, 28),
    "清明": (4, 7),
    "五一": (5, 5),
    "端午": (6, 30),
    "暑假": (8, 31),
    "中秋": (10, 8),
    "国庆": (10, 8),
}


@dataclass(frozen=True, slots=True)
class TourEnd:
    """The day on which the tour ended, as far as a text tells it.

    `stated`: the text says the end, or a day on or before which it must have been; else it is reckoned from
    the first day and the length of the tour, and nobody may be refused on it alone.
    """

    on: date
    basis: Literal["stated", "reckoned"]


@dataclass(frozen=True, slots=True)
class Reading:
    """Signals (how often each was found) and figures of one text."""

    hits: dict[str, int]
    persons: int
    price_per_day_fen: int | None
    starts_in_days: int | None
    tour_end: TourEnd | None
    han: int

    def has(self, signal: str) -> bool:
        """Whether `signal` was found."""
        return self.hits.get(signal, 0) > 0


def fold(text: str) -> str:
    """`text` in the form in which it is compared: NFKC, no blanks, one kind of stop."""
    folded = unicodedata.normalize("NFKC", text)
    folded = re.sub(r"\s", "", folded)
    return folded.translate(str.maketrans("、:", ",,"))


def number_of(text: str) -> float | None:
    """The value of an Arabic or Chinese numeral ("两万一千" is 21000); None when it is none."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if re.fullmatch(r"\d+(\.\d+)?万", text):
        return float(text[:-1]) * 10_000
    total = section = digit = 0
    last_unit = 1
    for letter in text:
        if letter in _DIGITS:
            digit = _DIGITS[letter]
        elif letter in _UNITS:
            last_unit = _UNITS[letter]
            section += (digit or 1) * last_unit
            digit = 0
        elif letter == "万":
            total += (section + digit or 1) * 10_000
            section = digit = 0
            last_unit = 10_000
        else:
            return None
    if digit and last_unit >= 100 and text[-2:-1] in "百千万" and text[-2:-1] != "":
        digit *= last_unit // 10
    return float(total + section + digit)


def read(text: str, signals: SignalList, received_on: date) -> Reading:
    """Signals and figures of `text`; days without a year are the latest such day up to `received_on`."""
    folded = fold(text)
    return Reading(
        hits={signal.id: signals.hits(signal, folded) for signal in signals.signals},
        persons=_persons(folded),
        price_per_day_fen=_price_per_day(folded),
        starts_in_days=_starts_in(folded),
        tour_end=_tour_end(folded, received_on),
        han=len(re.findall(r"[\u4e00-\u9fff]", folded)),
    )


def _persons(text: str) -> int:
    counts = [number_of(a or b) for a, b in _GROUP.findall(text)]
    return max((int(count) for count in counts if count and count < 10_000), default=0)


def _price_per_day(text: str) -> int | None:
    rates: list[float] = []
    for price, days, travelled in _PRICE_THEN_DAYS.findall(text):
        rates += _rate(price, days or travelled)
    for days, price in _DAYS_THEN_PRICE.findall(text):
        rates += _rate(price, days)
    return round(min(rates) * 100) if rates else None


def _rate(price: str, days: str) -> list[float]:
    amount, length = number_of(price), number_of(days)
    return [amount / length] if amount is not None and length and 2 <= length <= 30 else []


def _starts_in(text: str) -> int | None:
    days = []
    for before, after, word in _SOON.findall(text):
        if word:
            days.append({"后天": 2, "明天": 1, "明晚": 1}.get(word, 0))
        elif (value := number_of(before or after)) is not None:
            days.append(int(value))
    return min(days, default=None)


def _tour_end(text: str, received_on: date) -> TourEnd | None:
    stated: list[date] = []
    reckoned: list[date] = []
    length = _TRIP_LENGTH.search(text)
    days = int(number_of(length[1]) or 1) if length else 1
    for match in _DAY.finditer(text):
        if _TODAY.search(text[max(0, match.start() - 6) : match.start()]):
            continue
        day = _day_of(match, received_on)
        if day is None:
            continue
        clause = re.split(r"[。!?;]", text[match.end() : match.end() + 24])[0]
        if _ENDED.search(re.split(r"[,]", clause)[0]) or match[2] in {"去年", "前年"}:
            stated.append(day)
        elif match[4] and re.search(r"参加|出发|参团|游|去了|入住|住了|跟团|报团", clause):
            reckoned.append(day + timedelta(days=days - 1))
    if not stated and (year := _LAST_YEAR.search(text)):
        stated.append(_end_of_past_year(text, year, received_on))
    if stated:
        return TourEnd(max(stated), "stated")
    past = [day for day in reckoned if day <= received_on]
    return TourEnd(max(past), "reckoned") if past else None


def _day_of(match: re.Match[str], received_on: date) -> date | None:
    month = number_of(match[3])
    day = number_of(match[4]) if match[4] else {"初": 10, "上旬": 10, "中旬": 20}.get(match[5], 28)
    year = int(match[1]) if match[1] else received_on.year - {"去年": 1, "前年": 2}.get(match[2], 0)
    try:
        found = date(year, int(month or 0), int(day or 0))
    except ValueError:
        return None
    if not match[1] and not match[2] and found > received_on:
        found = found.replace(year=year - 1) if (found.month, found.day) != (2, 29) else None  # type: ignore[assignment]
    return found


def _end_of_past_year(text: str, match: re.Match[str], received_on: date) -> date:
    """The last day on which something of "last year" can have ended; a named festival narrows it."""
    year = received_on.year - (1 if match[1] == "去年" else 2)
    near = text[match.start() : match.end() + 4]
    month, day = next((end for name, end in _FESTIVAL_END.items() if name in near), (12, 31))
    return date(year, month, day)
