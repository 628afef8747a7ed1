"""Pictures of a distribution for a terminal: one bar a grade, two to compare."""

from collections.abc import Mapping

__all__ = ["bars", "compared"]

_FULL, _EIGHTHS = "█", " ▏▎▍▌▋▊▉"
_WIDTH = 40


def bars(counts: Mapping[str, int]) -> list[str]:
    """One line a grade: its bar, number and share of all."""
    whole, most = sum(counts.values()) or 1, max(counts.values(), default=0) or 1
    wide = max(map(len, counts), default=0)
    return [
        f"{grade:<{wide}} {_bar(number / most):<{_WIDTH}} {number:>6} {number / whole:>6.1%}"
        for grade, number in counts.items()
    ]


def compared(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """Both distributions, grade by grade, on one scale."""
    grades = list(dict.fromkeys([*before, *after]))
    most = max([*before.values(), *after.values()], default=0) or 1
    wide = max(map(len, grades), default=0)
    lines = []
    for grade in grades:
        was, now = before.get(grade, 0), after.get(grade, 0)
        lines.append(f"{grade:<{wide}} 前 before {_bar(was / most):<{_WIDTH}} {was:>6}")
        lines.append(f"{'':<{wide}} 后 after  {_bar(now / most):<{_WIDTH}} {now:>6} {now - was:+}")
    return lines


def _bar(share: float) -> str:
    eighths = round(share * _WIDTH * 8)
    return (_FULL * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()
