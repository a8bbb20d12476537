"""Dates and numbers to the last digit."""

import math
from collections.abc import Iterable
from fractions import Fraction

MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def instant(text: str) -> tuple[int, int, int] | None:
    """Day number, second of the day (both at Greenwich) and nanoseconds of RFC 3339."""
    fields = []
    for width, after in ((4, "-"), (2, "-"), (2, "Tt "), (2, ":"), (2, ":"), (2, "")):
        digits, text = text[:width], text[width:]
        if len(digits) != width or not (digits.isascii() and digits.isdigit()):
            return None
        fields.append(int(digits))
        if after:
            if not text or text[0] not in after:
                return None
            text = text[1:]
    nanoseconds = 0
    if text.startswith("."):
        rest = text[1:].lstrip("0123456789")
        digits = text[1 : len(text) - len(rest)]
        if not digits:
            return None
        nanoseconds, text = int(digits[:9].ljust(9, "0")), rest
    offset = _offset(text)
    year, month, day, hour, minute, second = fields
    if offset is None or not 1 <= month <= 12 or not 1 <= day <= _month_days(year, month):
        return None
    if hour > 23 or minute > 59 or second > 60:
        return None
    if second == 60:  # a leap second is a 59th second with too many nanoseconds
        second, nanoseconds = 59, nanoseconds + 1_000_000_000
    seconds = hour * 3600 + minute * 60 + second - offset
    return _day_number(year, month, day) + seconds // 86400, seconds % 86400, nanoseconds


def _offset(text: str) -> int | None:
    if text in ("Z", "z"):
        return 0
    digits = text[1:3] + text[4:]
    if len(text) != 6 or text[0] not in "+-\u2212" or text[3] != ":":
        return None
    if not (digits.isascii() and digits.isdigit()) or int(digits[2:]) > 59 or int(digits[:2]) > 23:
        return None
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return seconds if text[0] == "+" else -seconds


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _month_days(year: int, month: int) -> int:
    return 29 if month == 2 and _leap(year) else MONTHS[month - 1]


def _day_number(year: int, month: int, day: int) -> int:
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400
    return days + sum(_month_days(year, m) for m in range(1, month)) + day


def whole_days(start: tuple[int, int, int], end: tuple[int, int, int]) -> int:
    seconds = (end[0] - start[0]) * 86400 + end[1] - start[1]
    if end[1] > start[1] and start[2] >= 1_000_000_000:
        seconds += 1
    if end[1] < start[1] and end[2] >= 1_000_000_000:
        seconds -= 1
    nanoseconds = seconds * 1_000_000_000 + end[2] - start[2]
    days = abs(nanoseconds) // 86_400_000_000_000
    return days if nanoseconds >= 0 else -days


def quantile(data: Iterable[float], tau: float) -> float:
    ordered = sorted(data, key=lambda x: (math.isnan(x), x))
    n = len(ordered)
    if not ordered or not 0 <= tau <= 1:
        return math.nan
    h = (n + 1 / 3) * tau + 1 / 3
    k = int(h)
    if k <= 0 or tau == 0:
        return ordered[0]
    if k >= n or tau == 1:
        return ordered[-1]
    low, high = ordered[k - 1], ordered[k]
    return low + (h - k) * (high - low)


def fused(a: float, b: float, c: float) -> float:
    """a * b + c, rounded once."""
    if not math.isfinite(a) or not math.isfinite(b):
        return a * b + c
    if not math.isfinite(c):
        return c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return a * b + c  # keeps the sign of zero
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def rounded(value: float) -> float | None:
    """Four decimals, halves away from zero; nothing for what JSON cannot write."""
    scaled = value * 10_000
    if not math.isfinite(scaled):
        return None
    whole = math.floor(abs(scaled))
    if abs(scaled) - whole >= 0.5:
        whole += 1
    return math.copysign(whole, scaled) / 10_000
