"""Invented names and numbers that are well formed and belong to nobody."""

from random import Random

from stdnum.cn import uscc

__all__ = [
    "agency_name",
    "guide_card",
    "hotel_name",
    "person_name",
    "phone_number",
    "resident_id",
    "scenic_name",
    "unified_code",
]

_FIRST = "晋汾恒吕雁沁漳桑滹涑丹汶岚芮绛曲"
_SECOND = "远达行云松泉岳川岭柏桥石野禾舟帆"
_TRADE = ("旅行社", "国际旅行社", "假日旅行社", "文旅旅行社", "研学旅行社")
_HOTEL = ("宾馆", "大酒店", "假日酒店", "商务酒店")
_SCENE = ("古镇景区", "山水景区", "民俗文化园", "森林公园", "湿地公园", "古堡景区")
_SURNAME = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_GIVEN = "样例甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def unified_code(registrar: str, region: str, serial: int) -> str:
    """A USCC of an invented organisation: its serial begins with 99, and both check characters hold."""
    organisation = f"99{serial:06d}"
    check = 11 - sum(int(c) * w for c, w in zip(organisation, _WEIGHTS, strict=True)) % 11
    stem = registrar + region + organisation + "0123456789X0"[check]
    return stem + str(uscc.calc_check_digit(stem))


def agency_name(chance: Random, place: str, serial: int) -> str:
    """An agency's name with its place and a number, marked as invented."""
    return f"{place}{_pair(chance)}{serial:04d}样例{chance.choice(_TRADE)}有限公司（虚构）"


def hotel_name(chance: Random, place: str, serial: int) -> str:
    """A hotel's name."""
    return f"{place}{_pair(chance)}{serial:03d}样例{chance.choice(_HOTEL)}（虚构）"


def scenic_name(chance: Random, place: str, serial: int) -> str:
    """A scenic area's name."""
    return f"{place}{_pair(chance)}{serial:03d}样例{chance.choice(_SCENE)}（虚构）"


def person_name(chance: Random) -> str:
    """A person's name."""
    return chance.choice(_SURNAME) + chance.choice(_GIVEN) + chance.choice(_GIVEN)


def guide_card(region: str, serial: int) -> str:
    """A guide card in the old form: D, province and city, serial."""
    return f"D-{region[:4]}-{serial:06d}"


def resident_id(chance: Random, region: str) -> str:
    """An ID number with a valid check character, born between 1970 and 2003 on a day that exists."""
    birth = f"{chance.randrange(1970, 2004)}{chance.randrange(1, 13):02d}{chance.randrange(1, 29):02d}"
    stem = f"{region}{birth}{chance.randrange(1, 1000):03d}"
    return stem + "10X98765432"[sum(int(c) * w for c, w in zip(stem, _ID_WEIGHTS, strict=True)) % 11]


def phone_number(chance: Random) -> str:
    """A number in the range 142, which is not given to anyone."""
    return f"142{chance.randrange(10**8):08d}"


def _pair(chance: Random) -> str:
    return chance.choice(_FIRST) + chance.choice(_SECOND)
