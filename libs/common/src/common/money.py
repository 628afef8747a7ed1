"""Money as whole fen (0.01 yuan). Percentages are exact decimals, rounded half up, once, at the end."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

__all__ = ["format_yuan", "half_up", "percent_of", "yuan"]

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


def format_yuan(fen: int) -> str:
    """123450 -> "1,234.50"."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole:,}.{rest:02}"
