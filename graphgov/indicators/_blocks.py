"""Dense blocks of awards without competition, market by market, and how unusual they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from graphgov.network.dense import Density, densest
from graphgov.schema import Evidence, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import draws_for
from graphgov.stats.purchases import Purchases, distinct_runs
from graphgov.stats.strata import make_strata

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
BOOL = npt.NDArray[np.bool_]
COLUMNS = ("tenders.bidders", "bids.tender_id", "bids.company_id", "bids.status", "bids.lot_id")
LEAST = 10  # awards of a market
_ENTRIES = 600_000  # searched at once, over all shuffled copies
_COPIES = (4, 99)
_CLOSE = 0.8  # share of a line from which a simple purchase is close to it

_SINGLE = """SELECT tender_id FROM tenders
WHERE bidders = 1 AND method IN ('open', 'selective')
UNION
SELECT k.tender_id FROM contests k JOIN tenders t USING (tender_id)
WHERE k.has_bid AND t.bidders IS NULL AND t.method IN ('open', 'selective')
GROUP BY k.tender_id HAVING max(competitors) = 1"""
_AWARDS = """SELECT award_id FROM wins w JOIN single USING (tender_id) ORDER BY award_id"""


class Marks(NamedTuple):
    """What keeps an award out of competition."""

    single: BOOL  # one bid in a competitive method
    close: BOOL  # just below a line, by a method that is allowed only there
    simple: BOOL  # direct or limited


def marks(snap: Snapshot, buys: Purchases) -> Marks:
    """The marks of all purchases; worked out once."""
    return snap.memo("indicators.marks", lambda: _marks(snap, buys))


def _marks(snap: Snapshot, buys: Purchases) -> Marks:
    single = snap.sql(_SINGLE)
    awards = snap.sql(_AWARDS, single=single)["award_id"]
    alone = np.zeros(len(buys), dtype=bool)
    alone[pc.drop_null(pc.index_in(awards, buys.award_ids)).to_numpy()] = True
    close = np.nan_to_num(buys.value / buys.below[0]) >= _CLOSE
    return Marks(alone, close, (buys.rank == 1) | (buys.rank == 2))


class Searched(NamedTuple):
    """The densest block of each market.

    Args:
        rows: Awards searched, market after market.
        starts: Where each market begins, and the end.
        density: Of the block.
        inside: Whether each of `rows` is in the block of its market.
        p: How often shuffled markets are as dense, relative to their own level.
        drawn: The same with ties drawn.
    """

    rows: I64
    starts: I64
    density: F64
    inside: BOOL
    p: F64
    drawn: F64


@dataclass(frozen=True)
class Search:
    """How blocks are looked for.

    Args:
        modes: Bodies and companies alone, or months as well.
        density: From mass and volume of the whole of each tensor to what is made large.
        weight: Of each row.
        seed: Of the shuffles.
    """

    months: bool
    density: Callable[[F64, F64], Density]
    weight: Callable[[I64, I64], F64]
    seed: int


def search(buys: Purchases, rows: I64, how: Search) -> Searched:
    """Look for the densest block of each market, and of its shuffled copies.

    A market is a two-digit category in a region. A copy deals the companies out anew among the
    market's awards of the same category, method and, as far as there are enough, year, so that
    bodies, companies and months keep their numbers. How far a block is denser than those of
    its copies is compared with how far copies are denser than each other, in markets of like
    size; what markets usually are denser than chance, by habit, is taken off first.
    """
    order, starts = distinct_runs(buys.division.codes[rows], buys.region.codes[rows])
    size = np.diff(starts)
    kept = np.repeat(size >= LEAST, size)
    rows, size = rows[order][kept], size[size >= LEAST]
    starts = np.append(0, np.cumsum(size))
    markets = len(size)
    if not markets:
        none = np.zeros(0)
        return Searched(rows, starts, none, np.zeros(0, bool), none, none)
    market = np.repeat(np.arange(markets), size)
    body, bodies = _values(market, buys.body[rows])
    company, companies = _values(market, buys.company[rows])
    month, months = _values(market, _month(buys, rows))
    kinds = {
        "market": market,
        "category": buys.category.codes[rows],
        "method": buys.rank[rows],
        "year": buys.fiscal_year(1)[rows],
    }
    stratum = make_strata(kinds, min_count=LEAST, keep=3).ids
    copies = int(np.clip(_ENTRIES // len(rows) - 1, *_COPIES))
    dealt = _dealt(company, stratum, copies, how.seed)
    times = copies + 1
    parts = [(np.tile(body, times), bodies), (dealt.ravel(), companies)]
    if how.months:
        parts.append((np.tile(month, times), months))
    copy = np.repeat(np.arange(times), len(rows))
    found = densest(
        [values + copy * len(owner) for values, owner in parts],
        [np.concatenate([owner + c * markets for c in range(times)]) for _, owner in parts],
        np.tile(how.weight(body, company), times),
        times * markets,
        how.density(*(np.tile(v, times) for v in _whole(parts, market, how, body, company))),
    )
    inside = np.ones(len(rows), dtype=bool)
    for (values, owner), kept_values in zip(parts, found.inside, strict=True):
        inside &= kept_values[: len(owner)][values[: len(rows)]]
    density = found.density.reshape(times, markets)
    p, drawn = _chances(density, size, how.seed)
    return Searched(rows, starts, density[0], inside, p, drawn)


def _whole(
    parts: Sequence[tuple[I64, I64]], market: I64, how: Search, body: I64, company: I64
) -> tuple[F64, F64]:
    """Mass and volume of each market."""
    markets = int(market.max()) + 1
    total = np.bincount(market, weights=how.weight(body, company), minlength=markets)
    room = np.ones(markets)
    for _, owner in parts:
        room = room * np.bincount(owner, minlength=markets)
    return total.astype(np.float64), room


def _values(market: I64, words: npt.NDArray[Any]) -> tuple[I64, I64]:
    """Values of one mode, numbered over all markets, and the market of each."""
    low = int(words.min(initial=0))
    span = int(words.max(initial=0)) - low + 1
    keys, codes = np.unique(market * span + (words - low), return_inverse=True)
    return codes.astype(np.int64), np.asarray(keys // span, dtype=np.int64)


def _month(buys: Purchases, rows: I64) -> I64:
    return np.asarray(
        buys.day[rows].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    )


def _dealt(company: I64, stratum: npt.NDArray[Any], copies: int, seed: int) -> I64:
    """The companies as they are, and shuffled inside strata, copy after copy."""
    rng = np.random.default_rng(seed)
    place = np.argsort(stratum, kind="stable")
    out = np.empty((copies + 1, len(company)), dtype=np.int64)
    out[0] = company
    for copy in range(1, copies + 1):
        out[copy, place] = company[np.lexsort((rng.random(len(company)), stratum))]
    return out


def _chances(density: F64, size: I64, seed: int) -> tuple[F64, F64]:
    """How unusual the first row of each column is among its column and columns of like size."""
    levels = np.log1p(density)
    others = len(levels) - 1
    # Each value against the mean of the others of its column; all are alike under the null.
    apart = (levels - levels.mean(axis=0)) * (others + 1) / others
    group = np.floor(np.log2(np.maximum(size, 1))).astype(np.int64)
    spread = np.ones(len(size))
    for g in np.unique(group).tolist():
        mine = group == g
        spread[mine] = max(float(np.sqrt(np.mean(apart[:, mine] ** 2))), 1e-9)
    apart = np.round(apart / spread, 9)
    usual = max(0.0, float(np.median(apart[0]))) if apart.shape[1] >= 20 else 0.0
    pool = np.sort(apart[1:].ravel())
    seen = apart[0] - usual
    above = len(pool) - np.searchsorted(pool, seen, side="right")
    equal = len(pool) - np.searchsorted(pool, seen, side="left") - above
    draw = draws_for(seen, size.astype(np.float64), seed=seed + 1)
    p = (above + equal + 1.0) / (len(pool) + 1.0)
    return p, (above + draw * (equal + 1.0)) / (len(pool) + 1.0)


def block_parts(
    snap: Snapshot, buys: Purchases, rows: I64
) -> tuple[dict[str, object], list[Evidence], list[Member], list[dict[str, Any]]]:
    """Facts, evidence, members and award rows of the awards in a block."""
    shown = buys.details(snap, rows[np.lexsort((rows, buys.day[rows]))])
    bodies = sorted({r["buyer_id"] for r in shown})
    companies = sorted({r["company_id"] for r in shown})
    facts: dict[str, object] = {
        "bodies": [snap.name("body", b) for b in bodies],
        "companies": [snap.name("company", c) for c in companies],
        "awards": len(shown),
        "first": shown[0]["awarded_on"].isoformat(),
        "last": shown[-1]["awarded_on"].isoformat(),
        "amounts": [[c, str(a)] for c, a in sorted(amounts_of(shown).items())],
        "category": buys.division.word(int(rows[0])) or "?",
        "region": buys.region.word(int(rows[0])) or "?",
    }
    evidence = [Evidence("awards", r["row_key"], r["award_id"]) for r in shown]
    members = [
        *(Member("body", b, "buyer") for b in bodies),
        *(Member("company", c, "supplier") for c in companies),
        *(Member("award", r["award_id"], "award") for r in shown),
    ]
    return facts, evidence, members, shown


def amounts_of(shown: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Sums of some award rows by currency."""
    found: dict[str, Decimal] = {}
    for row in shown:
        key = row["currency"] or ""
        found[key] = found.get(key, Decimal(0)) + row["amount"]
    return found
