"""Money as whole fen (0.01 yuan). Shares are exact decimals, rounded half up, once, at the end."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext

__all__ = ["format_yuan", "half_up", "parse_yuan", "percent_of", "share_out", "yuan"]

_YUAN = re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.[0-9]{1,2})?")
_PRECISION = 100


def yuan(amount: int) -> int:
    """Whole yuan as fen."""
    return amount * 100


def half_up(value: Decimal) -> int:
    """The nearest whole number, a half away from zero."""
    with localcontext(prec=_PRECISION):
        return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def percent_of(fen: int, percent: Decimal | int) -> int:
    """`percent` per cent of an amount in fen, rounded half up: 15 % of 0.10 yuan is 0.02 yuan."""
    with localcontext(prec=_PRECISION):
        return half_up(Decimal(fen) * Decimal(percent) / 100)


def share_out(fen: int, weights: Sequence[int]) -> list[int]:
    """`fen` divided by whole weights, none lost or made; left-over fen go to the largest rests.

    Raises ValueError for a negative weight or when all are zero.
    """
    total = sum(weights)
    if total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must be positive")
    sign = -1 if fen < 0 else 1
    shares = [abs(fen) * weight // total for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda n: (-(abs(fen) * weights[n] % total), n))
    for n in by_rest[: abs(fen) - sum(shares)]:
        shares[n] += 1
    return [sign * share for share in shares]


def format_yuan(fen: int) -> str:
    """123450 -> "1,234.50"."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02}"


def parse_yuan(text: str) -> int:
    """ "1,234.5" -> 123450. Raises ValueError for anything but yuan with at most two decimals."""
    if not _YUAN.fullmatch(text):
        raise ValueError("not an amount in yuan")
    return int(Decimal(text.replace(",", "")) * 100)
