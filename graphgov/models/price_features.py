"""Features of a lot's prices for the supervised model: nothing but prices, their number, a market.

Every lot has features of its own (`own`), and places among the lots of its market that a model
was fitted on (`Places`). Neither ids nor dates nor the order of bids, lots or files enter.
"""

from collections.abc import Mapping
from itertools import combinations
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graphgov.stats.bids.granularity import trailing_zeros
from graphgov.stats.screens import READINGS, Ladders, screens

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

_CAP = 50.0  # screens that may be infinite stop here
_FEW = 12  # bidders up to which all subsets are looked at; beyond, neighbours in price
_AT = (0.1, 0.25, 0.5, 0.75, 0.9)


def features(bids: Ladders) -> F64:
    """The matrix of `own`, a column per name of `FEATURES`."""
    found = own(bids)
    return np.column_stack([found[name] for name in FEATURES]) if len(bids) else _NOTHING


def own(bids: Ladders) -> dict[str, F64]:
    """Features of each lot by itself, by name; NaN where it has too few bids.

    Args:
        bids: Of each lot, the lowest first.
    """
    found: dict[str, F64] = {}
    count = bids.count
    n = count.astype(np.float64)
    measured = screens(bids)
    low, high, starts = bids.rung(0), bids.rung(-1), bids.first[:-1]
    mean = np.add.reduceat(bids.price, starts) / n
    found["count"] = n
    found["log_mean"], found["log_low"], found["log_high"] = (np.log(v) for v in (mean, low, high))
    with np.errstate(divide="ignore", invalid="ignore"):
        found["log_range"] = np.log(np.maximum(high - low, 0.005))
        found["log_first_step"] = np.log(np.maximum(bids.rung(1) - low, 0.005))
        for name in READINGS:
            found[name] = np.clip(measured[name], -_CAP, _CAP)
        for k in range(1, 5):
            found[f"gap_{k}"] = bids.rung(k) / bids.rung(k - 1) - 1.0
        found["last_gap"] = np.where(n >= 2, high / bids.rung(-2) - 1.0, np.nan)
        for k in (1, 2):
            found[f"rung_{k}_of_mean"] = bids.rung(k) / mean
        found["low_of_mean"], found["high_of_mean"] = low / mean, high / mean
        found |= _steps(bids, low)
        found |= _shape(bids, low, high, mean)
    found |= _digits(bids)
    found |= _subsets(bids)
    return found


def _steps(bids: Ladders, low: F64) -> dict[str, F64]:
    """The steps between neighbouring bids: smallest, largest, and how many are none."""
    count, starts = bids.count, bids.first[:-1]
    step = np.diff(bids.price, prepend=bids.price[:1]) / np.repeat(low, count)
    inner = np.ones(len(step), np.bool_)
    inner[starts] = False
    least, most = np.where(inner, step, np.inf), np.where(inner, step, -np.inf)
    two = count >= 2
    smallest = np.where(two, np.minimum.reduceat(least, starts), np.nan)
    largest = np.where(two, np.maximum.reduceat(most, starts), np.nan)
    equal = np.add.reduceat((inner & (step <= 0)).astype(np.float64), starts)
    close = np.add.reduceat((inner & (step <= 0.01)).astype(np.float64), starts)
    total = np.maximum(bids.rung(-1) / low - 1.0, 1e-12)
    return {
        "least_gap": smallest,
        "most_gap": largest,
        "most_gap_share": np.where(two, largest / total, np.nan),
        "ties": equal,
        "close_steps": np.where(two, close / np.maximum(count - 1, 1), np.nan),
    }


def _shape(bids: Ladders, low: F64, high: F64, mean: F64) -> dict[str, F64]:
    """Where the bids lie between the lowest and the highest."""
    count = bids.count
    x = (bids.price - np.repeat(low, count)) / np.repeat(high - low, count)
    found = {}
    for at in _AT:
        place = at * (count - 1)
        left = np.floor(place).astype(np.int64)
        weight = place - left
        right = np.minimum(left + 1, count - 1)
        begin = bids.first[:-1]
        found[f"at_{at}"] = x[begin + left] * (1 - weight) + x[begin + right] * weight
    found["mean_place"] = (mean - low) / (high - low)
    logs = np.log(bids.price / np.repeat(mean, count))
    found["log_sd"] = np.sqrt(np.add.reduceat(logs**2, bids.first[:-1]) / np.maximum(count - 1, 1))
    for width in (0.02, 0.05):
        near = np.abs(bids.price / np.repeat(mean, count) - 1.0) <= width
        found[f"near_{width}"] = np.add.reduceat(near.astype(np.float64), bids.first[:-1]) / count
    return found


def _digits(bids: Ladders) -> dict[str, F64]:
    """How round the prices are."""
    cents = np.maximum(np.rint(bids.price * 10_000), 1).astype(np.int64)
    zeros = trailing_zeros(cents).astype(np.float64)
    starts, count = bids.first[:-1], bids.count
    return {
        "zeros": np.add.reduceat(zeros, starts) / count,
        "zeros_low": zeros[starts],
        "most_zeros": np.maximum.reduceat(zeros, starts),
    }


def _subsets(bids: Ladders) -> dict[str, F64]:
    """Screens of subsets of three and four bids: the coalitions of C11, summed up per lot."""
    names = [
        f"{how}_{what}_{size}"
        for size in (3, 4)
        for what in ("cv", "gap", "rdnor", "skew")
        for how in ("min", "max", "mean")
    ]
    out = {name: np.full(len(bids), np.nan) for name in names}
    count = bids.count
    for size in (3, 4):
        for n in np.unique(count[count >= size]):
            here = np.flatnonzero(count == n)
            prices = bids.price[bids.first[here][:, None] + np.arange(n)]
            if n <= _FEW:
                chosen = np.array(list(combinations(range(int(n)), size)))
            else:
                chosen = np.arange(int(n) - size + 1)[:, None] + np.arange(size)
            taken = prices[:, chosen]
            mean = taken.mean(axis=2)
            sd = taken.std(axis=2, ddof=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                cube = ((taken - mean[..., None]) ** 3).mean(axis=2)
                told = {
                    "cv": sd / mean,
                    "gap": taken[:, :, 1] / taken[:, :, 0] - 1.0,
                    "rdnor": (size - 1) * (taken[:, :, 1] - taken[:, :, 0])
                    / np.where(sd > 0, taken[:, :, -1] - taken[:, :, 0], np.inf),
                    "skew": cube / np.where(sd > 0, sd, np.inf) ** 3,
                }  # fmt: skip
            for what, values in told.items():
                out[f"min_{what}_{size}"][here] = values.min(axis=1)
                out[f"max_{what}_{size}"][here] = values.max(axis=1)
                out[f"mean_{what}_{size}"][here] = values.mean(axis=1)
    return out


def repeats(
    bids: Ladders, market: I64, known: Ladders, known_market: I64, collusive: npt.NDArray[np.bool_]
) -> F64:
    """How prices of a lot were labelled where the very same price was asked in its market.

    Price lists repeat: a firm asks the same unit price of many buyers of one season. Columns:
    log-odds of the label at equal prices (sum, mean, of the lowest, of the highest), the share
    of prices asked before, and how often the lowest was.

    Args:
        bids: Lots that are asked about.
        market: Of each.
        known: Lots with labels; a lot must not be among those it is compared with.
        known_market: Of each.
        collusive: Label of each.
    """
    price, label = _keys(known, known_market), np.repeat(collusive, known.count)
    asked = _keys(bids, market)
    values, place = np.unique(price, return_inverse=True)
    times = np.bincount(place, minlength=len(values)).astype(np.float64)
    hits = np.bincount(place, weights=label, minlength=len(values))
    usual = _usual(known_market, collusive, known.count)
    of_value = values.imag.astype(np.int64) if len(values) else np.empty(0, np.int64)
    base = np.array([usual.get(int(m), 0.5) for m in of_value])
    rate = (hits + base) / (times + 1.0)
    odds = np.log((rate + 0.01) / (1.01 - rate)) - np.log((base + 0.01) / (1.01 - base))
    at = np.minimum(np.searchsorted(values, asked), max(len(values) - 1, 0))
    there = values[at] == asked if len(values) else np.zeros(len(asked), np.bool_)
    told = np.where(there, odds[at], 0.0) if len(values) else np.zeros(len(asked))
    often = np.where(there, times[at], 0.0) if len(values) else np.zeros(len(asked))
    starts, last = bids.first[:-1], bids.first[1:] - 1
    total, number = (np.add.reduceat(v, starts) if len(bids) else v
                     for v in (told, there.astype(np.float64)))  # fmt: skip
    return np.column_stack(
        [total, total / bids.count, number / bids.count, told[starts], told[last],
         np.log1p(often[starts])]
    )  # fmt: skip


def _keys(bids: Ladders, market: I64) -> npt.NDArray[np.complex128]:
    """Market and price, to seven digits, as one sortable value."""
    digits = 10.0 ** (6 - np.floor(np.log10(bids.price)))
    rounded = np.rint(bids.price * digits) / digits
    return rounded + 1j * np.repeat(market, bids.count)


def _usual(market: I64, collusive: npt.NDArray[np.bool_], count: I64) -> Mapping[int, float]:
    """Share of bids in collusive lots, by market."""
    return {
        int(m): float((collusive * count)[market == m].sum() / count[market == m].sum())
        for m in np.unique(market)
    }


_SAMPLE = Ladders(np.zeros(1, np.int64), np.array([0, 2]), np.array([1.0, 2.0]), np.arange(2))
FEATURES = tuple(own(_SAMPLE))
_NOTHING = np.empty((0, len(FEATURES)))


class Group(NamedTuple):
    """Features that say one thing, and how it is said."""

    starts: tuple[str, ...]
    en: str
    zh: str


REPEATS = ("same_price", "same_price_mean", "same_price_share", "same_lowest", "same_highest",
           "asked_before")  # fmt: skip
# For explanations; a feature belongs to the first group one of whose beginnings it has.
GROUPS: Mapping[str, Group] = MappingProxyType(
    {
        "count": Group(("count",), "the number of bidders", "投标人数量"),
        "repeats": Group(
            ("same_", "asked_"),
            "prices that were asked in labelled lots too",
            "与已标注标段相同的报价",
        ),
        "digits": Group(("zeros", "most_zeros"), "how round the prices are", "报价的取整方式"),
        "level": Group(("log_mean", "log_low", "log_high"), "the level of prices", "报价水平"),
        "lowest": Group(
            ("gap", "rd", "rdnor", "rdalt", "log_first", "rung_1", "low_of", "min_gap", "max_gap",
             "mean_gap", "min_rdnor", "max_rdnor", "mean_rdnor"),
            "the distance of the lowest bids",
            "最低报价之间的距离",
        ),
        "shape": Group(
            ("kurtosis", "skewness", "at_", "mean_place", "min_skew", "max_skew", "mean_skew"),
            "how bids lie between the lowest and the highest",
            "报价在最低与最高之间的分布",
        ),
        "spread": Group(("",), "how much bids differ", "报价的离散程度"),
    }
)  # fmt: skip


def group_of(name: str) -> str:
    """The group of a feature."""
    return next(
        key for key, group in GROUPS.items() if any(name.startswith(s) for s in group.starts)
    )
