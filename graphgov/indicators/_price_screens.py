"""What the price screens share: lots with their bids, strata, and pairs that meet where it is odd.

A lot alone says little: one in twenty is among the five percent strangest. So a lot is flagged
only where it is strange beside its peers and two of its bidders meet in such lots far more often
than chance allows.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import (
    COLUMNS,
    Contest,
    contests,
    flag_on,
    on_contests,
    price,
    rank_tails,
)
from graphgov.network.priced_lots import CONTROL, PricedLots, priced_lots
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.frames import Measured
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.pair_excess import (
    Circle,
    Groups,
    Meetings,
    common_excess,
    low_tails,
    meetings,
    normal_scores,
    stouffer,
)
from graphgov.stats.screens import READINGS, Screens, screens
from graphgov.stats.strata import make_strata, value_band

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]

WANTS = (*COLUMNS, *CONTROL)
MIN_PEERS = 30  # lots of a stratum
MIN_OTHERS = 20  # of them without the two firms
_MOST_BIDDERS = 20  # lots with more make no pairs
_MOST_SHOWN = 1000.0  # an infinite screen is shown as this
_ALONE = 0.01  # p-value of a pair's lots without those that a stronger pair explains


@dataclass(frozen=True)
class Limits:
    """What makes a lot a lead.

    Attributes:
        max_share: Share of comparable lots without the two firms that are as strange.
        min_lots: Lots in which the two firms met.
        max_q: Of the two firms, after Benjamini and Hochberg over all pairs with as many lots.
        floor: The screen must be strange by itself too: beyond this, on its side.
    """

    max_share: float
    min_lots: int
    max_q: float
    floor: float | None = None


@dataclass(frozen=True, eq=False)
class PeerLots:
    """Lots with prices beside their peers.

    Attributes:
        priced: The lots.
        screens: Of each lot.
        stratum: Number of bidders, category, price band and method, of `MIN_PEERS` lots.
        enough: Whether the stratum has as many.
        met: Pairs of bidders, by place of lots.
    """

    priced: PricedLots
    screens: Screens
    stratum: I64
    enough: BOOL
    met: Meetings


def peer_lots(snap: Snapshot) -> PeerLots:
    """The lots of a snapshot; made once."""
    return snap.memo("peer lots", lambda: _read(snap))


def _read(snap: Snapshot) -> PeerLots:
    priced = priced_lots(snap)
    bids, seen = priced.bids, priced.seen
    met = meetings(bids.first, priced.bidder, most=_MOST_BIDDERS)
    if len(bids) == 0:
        none = np.empty(0, np.int64)
        return PeerLots(priced, screens(bids), none, none.astype(np.bool_), met)
    category = snap.sql(_CATEGORY, asked=seen.lots.select(["process", "tender_id"]))["category"]
    # Not the region: who fills a market of its own is compared with the trade elsewhere.
    columns = {
        "bidders": _size_class(bids.count),
        "division": seen.division[bids.lot],
        "category": category.to_pandas().to_numpy(dtype=object)[bids.lot],
        "band": value_band(bids.rung(0)),
        "method": seen.frames.processes.method[bids.lot],
    }
    strata = make_strata(columns, min_count=MIN_PEERS)
    ids = strata.ids.astype(np.int64)
    return PeerLots(priced, screens(bids), ids, strata.enough(MIN_PEERS), met)


def _size_class(count: I64) -> I64:
    """Number of bidders; from ten in classes."""
    return np.where(count <= 10, count, 11 + np.floor(np.log2(count / 10.0))).astype(np.int64)


@dataclass(frozen=True, eq=False)
class _Judged:
    """Ranks and pairs of one screen.

    Attributes:
        at: Places of the lots that have a rank, ascending.
        value: Their screens.
        extreme: How many lots of the stratum are as strange, the lot itself among them.
        size: Of the stratum.
        score: Per lot of all, NaN where not judged: low is strange.
        p, q, number: Per pair.
        drawn: Randomised p-values of all pairs.
        rho: How much lots of one pair have in common anyway.
    """

    at: I64
    value: F64
    extreme: F64
    size: F64
    score: F64
    p: F64
    q: F64
    number: I64
    drawn: F64
    rho: float


def _judge(lots: PeerLots, name: str, limits: Limits) -> _Judged:
    everywhere = lots.screens[name]
    at = np.flatnonzero(
        lots.enough & ~np.isnan(everywhere) & (lots.priced.bids.count >= READINGS[name].least)
    )
    value, stratum = everywhere[at], lots.stratum[at]
    plain, drawn = rank_tails(np.round(value, 9), stratum, high=READINGS[name].high)
    _, group, sizes = np.unique(stratum, return_inverse=True, return_counts=True)
    size = sizes[group].astype(np.float64)
    score, random = (np.full(len(everywhere), np.nan) for _ in range(2))
    score[at] = normal_scores(plain - 0.5 / np.maximum(size, 1.0))
    random[at] = normal_scores(drawn)
    rho = common_excess(lots.met, random)
    p, number = low_tails(lots.met, score, rho)
    chance, _ = low_tails(lots.met, random, rho)
    often = number >= limits.min_lots
    q = np.full(len(p), np.nan)
    q[often] = benjamini_hochberg(p[often])
    return _Judged(
        at, value, plain * size, size, score, p, q, number, chance[number > 0], rho
    )  # fmt: skip


@dataclass(frozen=True)
class _Hit:
    """A lot that is a lead, and the pair that makes it one."""

    place: int
    pair: int
    share: float  # of comparable lots without the two that are as strange
    others: int
    usual: float
    hits: int
    number: int
    expected: float


def _hits(lots: PeerLots, name: str, judged: _Judged, limits: Limits) -> dict[int, _Hit]:
    """By place of the lot, each with the pair of the smallest p-value."""
    found: dict[int, _Hit] = {}
    pairs = np.flatnonzero(judged.q <= limits.max_q)
    if len(pairs) == 0:
        return found
    where = np.full(len(lots.priced.bids), -1)
    where[judged.at] = np.arange(len(judged.at))
    strata = Groups.of(lots.stratum[judged.at])
    circle = Circle(lots.met, pairs, judged.score)
    explained = circle.explained(pairs.tolist())
    for pair in pairs[np.lexsort((pairs, judged.p[pairs]))].tolist():
        own = lots.met.lots_of(pair)
        told = np.array([lot in found or lot in explained for lot in own.tolist()])
        rest = judged.score[own[~told]]
        if stouffer(rest[~np.isnan(rest)], judged.rho) > _ALONE:
            continue
        places = where[own]
        places = places[places >= 0]
        for hit in _lots_of_pair(lots, name, judged, limits, strata, pair, places):
            if hit.place not in explained:
                found.setdefault(hit.place, hit)
    return found


def _lots_of_pair(
    lots: PeerLots,
    name: str,
    judged: _Judged,
    limits: Limits,
    strata: Groups,
    pair: int,
    places: I64,
) -> Iterator[_Hit]:
    """The strange ones among a pair's lots, beside lots of their strata without the pair."""
    sign = -1.0 if READINGS[name].high else 1.0
    stratum = lots.stratum[judged.at[places]]
    value = sign * judged.value[places]
    own = np.array([np.sum(stratum == s) for s in stratum])
    as_strange = np.array(
        [np.sum((stratum == s) & (np.round(value, 9) <= np.round(v, 9)))
         for s, v in zip(stratum, value, strict=True)]
    )  # fmt: skip
    others = judged.size[places] - own
    share = (1.0 + judged.extreme[places] - as_strange) / (others + 1.0)
    beyond = share <= limits.max_share
    if limits.floor is not None:
        beyond &= value <= sign * limits.floor
    judgeable = others >= MIN_OTHERS
    for i in np.flatnonzero(beyond & judgeable):
        rest = np.setdiff1d(strata.of_group(int(stratum[i])), places, assume_unique=True)
        yield _Hit(
            place=int(judged.at[places[i]]),
            pair=pair,
            share=float(share[i]),
            others=int(others[i]),
            usual=float(np.median(judged.value[rest])),
            hits=int(np.sum(share <= limits.max_share)),
            number=len(places),
            expected=limits.max_share * len(places),
        )


def find_screen(
    detector: Detector,
    snap: Snapshot,
    name: str,
    limits: Limits,
    more: Callable[[F64], Mapping[str, object]] = lambda prices: {},
) -> Findings:
    """All lots that a screen makes leads.

    Args:
        detector: Whose.
        snap: What to look at.
        name: Of the screen.
        limits: What makes a lead.
        more: Further facts from the bids of a lot, the lowest first.
    """
    lots = peer_lots(snap)
    if len(lots.priced.bids) == 0:
        return on_contests(Measured(why=lots.priced.why, reasons=lots.priced.reasons), [])
    judged = _judge(lots, name, limits)
    unjudged = np.setdiff1d(np.arange(len(lots.priced.bids)), judged.at)
    few = lots.priced.bids.count < READINGS[name].least
    why, clauses = lots.priced.why.copy(), lots.priced.reasons
    why[lots.priced.bids.lot[unjudged]] = len(clauses)
    why[lots.priced.bids.lot[few]] = len(clauses) + 1
    why[lots.priced.bids.lot[unjudged[lots.enough[unjudged] & ~few[unjudged]]]] = len(clauses) + 2
    clauses = (
        *clauses,
        "too few similar lots have prices",
        f"it has fewer than {READINGS[name].least} bidders with a price",
        "all its prices are equal",
    )
    hits = _hits(lots, name, judged, limits)
    by_process = {int(lots.priced.bids.lot[place]): hit for place, hit in hits.items()}
    asked = np.array(sorted(by_process), np.int64)
    flags = [
        _flag(detector, snap, lots, contest, by_process[contest.place], judged, name, more)
        for contest in contests(snap, lots.priced.seen, asked)
    ]
    return on_contests(Measured(why=why, reasons=clauses), flags, p_values=judged.drawn)


def _flag(
    detector: Detector,
    snap: Snapshot,
    lots: PeerLots,
    contest: Contest,
    hit: _Hit,
    judged: _Judged,
    name: str,
    more: Callable[[F64], Mapping[str, object]],
) -> Flag:
    begin, end = lots.priced.bids.first[hit.place], lots.priced.bids.first[hit.place + 1]
    prices, company = lots.priced.bids.price[begin:end], lots.priced.company[begin:end]
    pair = (int(lots.met.a[hit.pair]), int(lots.met.b[hit.pair]))
    label = lots.priced.control
    two = sorted(lots.priced.seen.companies[c] for c in company if c >= 0 and int(label[c]) in pair)
    rows = [row for row in contest.bids if (row["status"] or "valid") == "valid" and row["amount"]]
    rows.sort(key=lambda row: (float(row["amount"]), row["id"], row["company_id"]))
    value = float(np.clip(lots.screens[name][hit.place], -_MOST_SHOWN, _MOST_SHOWN))
    usual = float(np.clip(hit.usual, -_MOST_SHOWN, _MOST_SHOWN))
    p_value = float(judged.p[hit.pair])
    winners = contest.winners
    roles = {row["company_id"]: "bidder" for row in rows if row["company_id"] not in winners}
    roles |= {c: "bidder of the pair" for c in two if c not in winners}
    return flag_on(
        detector,
        snap,
        contest,
        score=surprise(p_value),
        value=value,
        threshold=round(usual, 8),
        p_value=p_value,
        q_value=float(judged.q[hit.pair]),
        bids=rows,
        roles=roles,
        facts={
            "bidders": len(prices),
            "screen": round(value, 8),
            "usual": round(usual, 8),
            "as_strange": round(hit.share, 6),
            "peers": hit.others,
            "lowest": price(rows[0]),
            "highest": price(rows[-1]),
            "firms": [snap.name("company", c) for c in two],
            "unit_all": hit.number,
            "unit_hits": hit.hits,
            "unit_expected": round(hit.expected, 3),
            **more(prices),
        },
    )


_CATEGORY = """SELECT t.category FROM asked l JOIN tenders t USING (tender_id)
    ORDER BY l.process"""
