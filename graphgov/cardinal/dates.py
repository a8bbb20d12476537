"""Whole days between two date-times that are strictly of RFC 3339, many at once."""

import calendar
import re

import numpy as np
import numpy.typing as npt

from graphgov.stats.bids.frames import F64, I64

_DAY = 86_400
_NANO = 1_000_000_000
_LENGTHS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_FORM = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+\-−])([0-9]{2}):([0-9]{2}))"
)


def days_between(starts: list[object], ends: list[object]) -> F64:
    """Whole days from each start to its end, cut towards zero.

    Returns:
        NaN where either is not a text of that form.
    """
    both = [*starts, *ends]
    seconds = np.full(len(both), np.nan)
    rest: list[int] = []
    by_length: dict[int, list[int]] = {20: [], 25: []}
    for place, text in enumerate(both):
        if type(text) is str:
            by_length.get(len(text), rest).append(place)
    for length, places in by_length.items():
        if places:
            rest.extend(_fill(seconds, both, length, np.array(places)))
    exact: dict[int, tuple[int, int]] = {}
    for place in rest:
        found = _moment(str(both[place]))
        if found is not None:
            exact[place] = found
            seconds[place] = found[0]
    half = len(starts)
    days: F64 = np.trunc((seconds[half:] - seconds[:half]) / _DAY)
    for place in {p % half for p in exact} if half else ():
        pair = [exact.get(p, (seconds[p], 0)) for p in (place, half + place)]
        if not np.isnan(seconds[[place, half + place]]).any():
            days[place] = _days((int(pair[0][0]), pair[0][1]), (int(pair[1][0]), pair[1][1]))
    return days


def _fill(seconds: F64, both: list[object], length: int, places: I64) -> list[int]:
    """Fill in the seconds of texts of one length; returns the places of those of other forms."""
    joined = "".join([both[p] for p in places]).encode("ascii", "replace")
    chars = np.frombuffer(joined, np.uint8).reshape(-1, length)
    plain = np.ones(len(chars), np.bool_)
    for at, char in ((4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")):
        plain &= chars[:, at] == ord(char)
    digits = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
    if length == 20:
        plain &= chars[:, 19] == ord("Z")
    else:
        plain &= (chars[:, 22] == ord(":")) & np.isin(chars[:, 19], (ord("+"), ord("-")))
        digits += [20, 21, 23, 24]
    value = chars.astype(np.int32) - ord("0")
    plain &= ((value[:, digits] >= 0) & (value[:, digits] <= 9)).all(axis=1)

    def pair(at: int) -> npt.NDArray[np.int32]:
        out: npt.NDArray[np.int32] = value[:, at] * 10 + value[:, at + 1]
        return out

    year, month, day = pair(0) * 100 + pair(2), pair(5), pair(8)
    hour, minute, second = pair(11), pair(14), pair(17)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    plain &= (month >= 1) & (month <= 12) & (day >= 1)
    plain &= day <= _LENGTHS[np.clip(month, 0, 12)] + (leap & (month == 2))
    plain &= (hour <= 23) & (minute <= 59) & (second <= 59)
    total = _civil(year, month, day) * _DAY + hour * 3600 + minute * 60 + second
    if length == 25:
        plain &= (pair(20) <= 23) & (pair(23) <= 59)
        total = total - np.where(chars[:, 19] == ord("-"), -1, 1) * (
            pair(20) * 3600 + pair(23) * 60
        )
    seconds[places[plain]] = total[plain]
    odd: list[int] = places[~plain].tolist()
    return odd


def _civil(
    year: npt.NDArray[np.int32], month: npt.NDArray[np.int32], day: npt.NDArray[np.int32]
) -> I64:
    """Days since 1970-01-01 in the Gregorian calendar."""
    y = year.astype(np.int64) - (month <= 2)
    era = y // 400
    in_era = y - era * 400
    in_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return np.asarray(
        era * 146_097 + in_era * 365 + in_era // 4 - in_era // 100 + in_year - 719_468, np.int64
    )


def _moment(text: str) -> tuple[int, int] | None:
    """Seconds since 1970 and nanoseconds, a leap second being 59 and a billion or more."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in form.groups()[:6])
    if not (1 <= month <= 12 and hour <= 23 and minute <= 59 and second <= 60):
        return None
    last = 29 if month == 2 and calendar.isleap(year) else _LENGTHS[month]
    if not 1 <= day <= last:
        return None
    nanos = int((form.group(7) or "0").ljust(9, "0")[:9])
    if second == 60:
        second, nanos = 59, nanos + _NANO
    offset = 0
    if form.group(8):
        hours, minutes = int(form.group(9)), int(form.group(10))
        offset = (hours * 60 + minutes) * 60
        if minutes > 59 or offset >= _DAY:
            return None
        offset = offset if form.group(8) == "+" else -offset
    days = int(_civil(*(np.array([part], np.int32) for part in (year, month, day)))[0])
    return days * _DAY + hour * 3600 + minute * 60 + second - offset, nanos


def _days(start: tuple[int, int], end: tuple[int, int]) -> int:
    """Whole days between moments, towards zero; leap seconds count where they lie between."""
    (first, nanos), (last, more) = start, end
    seconds = last - first
    # an hour of the day is what is compared, a leap second beginning no later than its minute
    if last % _DAY > first % _DAY and nanos >= _NANO:
        seconds += 1
    elif last % _DAY < first % _DAY and more >= _NANO:
        seconds -= 1
    total = seconds * _NANO + more - nanos
    whole = abs(total) // (_DAY * _NANO)
    return whole if total >= 0 else -whole
