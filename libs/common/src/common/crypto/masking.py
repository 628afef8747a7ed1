"""What is left of personal data for readers who may not see it.

No law fixes a mask. A mobile number keeps its first three and last four digits and a name its surname, as is
common; an ID number keeps 1 + 1 characters in public and 3 + 2 for officers, because the usual 6 + 4 gives
away the region and, to who knows the birthday, nearly the whole number. Whatever is too short to hide
anything is hidden whole.
"""

import re

__all__ = ["mask_bank_card", "mask_id_officer", "mask_id_public", "mask_name", "mask_phone", "mask_text"]

_COMPOUND_SURNAMES = frozenset(
    re.findall(
        r"\w{2}",
        "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠"
        "公孙慕容仲孙钟离长孙宇文司徒鲜于司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁"
        "拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌微生梁丘左丘西门南荣达奚褚师完颜纳兰叶赫歐陽諸葛司馬東方尉遲",
    )
)
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")
_ID = re.compile(
    r"(?<![0-9A-Za-z])[1-8][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    r"[0-9]{3}[0-9Xx](?![0-9A-Za-z])"
)
_MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[- ]?)?1[3-9][0-9](?:[- ]?[0-9]{4}){2}(?![0-9A-Za-z])")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_MESSENGER = re.compile(
    r"((?:微信|QQ|(?<![A-Za-z])(?:wechat|weixin|vx|wx|qq))(?:号码|账号|号)?[ :：是为]{0,3})"
    r"([A-Za-z0-9_-]{5,30})",
    re.IGNORECASE,
)
_SPELLED = re.compile("[零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]{7,}")
_HALF_WIDTH = str.maketrans(
    {0xFF01 + n: 0x21 + n for n in range(94) if chr(0x21 + n).isalnum() or chr(0x21 + n) in "@._+-"}
)
_CARD = re.compile(r"(?<![0-9A-Za-z])[3-6][0-9]{3}(?: ?[0-9]{4}){2} ?[0-9]{4,7}(?![0-9A-Za-z])")


def mask_name(name: str) -> str:
    """王样例 -> 王**, 欧阳样例 -> 欧阳**, 阿依·样例 -> 阿**, John Q. Sample -> J*** Q*** S***."""
    name = name.strip()
    if not name:
        return ""
    if not _HAN.match(name):
        return " ".join(word[0] + "***" for word in name.split())
    if any(dot in name for dot in "·•・"):
        return name[0] + "**"
    if len(name) == 1:
        return "*"
    shown = 2 if len(name) > 2 and name[:2] in _COMPOUND_SURNAMES else 1
    return name[:shown] + "*" * (len(name) - shown)


def mask_phone(phone: str) -> str:
    """14200000001 -> 142****0001; a shorter number keeps its last two digits, below seven none."""
    digits = "".join(c for c in phone if c.isdigit())
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) >= 11:
        return digits[:3] + "*" * (len(digits) - 7) + digits[-4:]
    return _mask(digits, 0, 2 if len(digits) >= 7 else 0)


def mask_id_public(number: str) -> str:
    """First and last character, for public pages."""
    return _mask(number, 1, 1) if len(number) > 5 else "*" * len(number)


def mask_id_officer(number: str) -> str:
    """First three and last two characters, for officers without a stated purpose."""
    return _mask(number, 3, 2) if len(number) > 8 else mask_id_public(number)


def mask_bank_card(number: str) -> str:
    """The last four digits."""
    digits = "".join(c for c in number if c.isdigit())
    return _mask(digits, 0, 4 if len(digits) > 8 else 0)


def mask_text(text: str) -> str:
    """Free text with mobile, ID and bank card numbers, e-mail addresses and messenger accounts masked.

    Full-width letters and digits are read as ASCII, and numbers spelled in Chinese digits as numbers. Licence
    numbers, credit codes and contract numbers stay: they are public and the text needs them.
    """
    text = text.translate(_HALF_WIDTH)
    text = _EMAIL.sub(lambda found: found[0][0] + "***@***", text)
    text = _MESSENGER.sub(lambda found: found[1] + "*" * len(found[2]), text)
    text = _SPELLED.sub(lambda found: "*" * len(found[0]), text)
    text = _ID.sub(lambda found: mask_id_public(found[0]), text)
    text = _MOBILE.sub(lambda found: mask_phone(found[0]), text)
    return _CARD.sub(lambda found: mask_bank_card(found[0]) if _luhn(found[0]) else found[0], text)


def _mask(text: str, head: int, tail: int) -> str:
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]


def _luhn(number: str) -> bool:
    digits = [int(c) for c in reversed(number) if c.isdigit()]
    return sum(d if n % 2 == 0 else sum(divmod(2 * d, 10)) for n, d in enumerate(digits)) % 10 == 0
