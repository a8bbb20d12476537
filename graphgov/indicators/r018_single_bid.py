"""Competitive procedures to which one bid came, against what is usual for their kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.indicators._contests import COLUMNS, Contest, contests, flag_on
from graphgov.schema import Flag
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.frames import Marks
from graphgov.stats.bids.from_snapshot import UNKNOWN, Records, records
from graphgov.stats.bids.prices import among
from graphgov.stats.bids.single import SingleOptions, single
from graphgov.stats.dispersed import dispersed_tails, intra_class

_COMPETITIVE = frozenset({"open", "selective"})
# From the finest stratum to the coarsest; the first with enough peers is used.
_LEVELS = (
    "division, method, region, year",
    "division, method, year",
    "division, method",
    "method",
)
PEERS = (
    "category, method, region and year",
    "category, method and year",
    "category and method",
    "method",
)


class _Body(NamedTuple):
    """Single bids of a body: seen, and expected from its peers."""

    tenders: int
    single: int
    expected: float
    p_value: float


class Peers(NamedTuple):
    """What is usual for each counted process; columns have one entry per process, ascending."""

    process: npt.NDArray[np.int64]
    single: npt.NDArray[np.bool_]
    level: npt.NDArray[np.int64]
    others: npt.NDArray[np.int64]
    rate: npt.NDArray[np.float64]


@dataclass(frozen=True)
class SingleBid(Detector):
    """A competitive procedure to which exactly one bid was submitted.

    Method: Take procedures whose method is open or selective and count the bids: the number of
        bidders the notice gives, else the different bidders among recorded bids that are neither
        invitations nor withdrawn (a bid without a status counts). One bid is a flag. It is
        compared with other bodies' procedures of the same category division, method, region
        and year; region, then year, then division are dropped until **min_peers** are left.
    Example: A county tenders road salt in the open and one firm bids, where nine in ten such
        tenders elsewhere draw three; half of the county's tenders go the same way.
    Why: A tender can be written, timed or hidden so that one firm alone can bid. In a thin or
        remote market one bid is all that an honest buyer gets.
    Score: (1 - share of single bids among peers) x (0.1 + 0.8 x surprise of the body's own
        share), the latter from a beta-binomial tail of its single bids against the number its
        peers would have had; a single bid alone never scores above 0.1.
    Skips: Procedures without a method or without any count of bids; direct and limited ones;
        cancelled and withdrawn ones.
    Source: OCP Red flags (2024) R018; Cardinal R018; single bidding of Fazekas and others.
    """

    code: ClassVar = "R018"
    title: ClassVar = {"en": "Single bid received", "zh": "仅收到一份投标"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "tender"
    unit: ClassVar = "bids"
    needs: ClassVar = ("tenders.tender_id",)
    wants: ClassVar = ("tenders.bidders", *COLUMNS)
    sentences: ClassVar = {
        "en": (
            "{body} received a single bid for {title} ({method} procedure), won by "
            "{companies:names} on {on} for {amounts:money}; of comparable tenders of other bodies "
            "{peer_rate:pct} had one bid, of this body's {body_tenders:n} competitive tenders "
            "{body_single:n} had.",
            "In a thin, specialist or remote market one bid is all that an honest buyer gets, and "
            "bids that were made may be missing from the data.",
        ),
        "zh": (
            "{body}的“{title}”（采购方式：{method}）仅收到一份投标，{on}由{companies:names}中标，"
            "金额{amounts:money}；其他采购人的可比项目中仅{peer_rate:pct}为一家投标，"
            "而该采购人{body_tenders:n}个竞争性项目中有{body_single:n}个如此。",
            "在供应商稀少、专业性强或偏远的市场，诚实的采购人也可能只收到一份投标；"
            "数据中也可能缺少部分投标记录。",
        ),
    }

    min_peers: int = bounded(30, low=1, high=10_000)

    def find(self, snap: Snapshot) -> Findings:
        """Flags for all single-bid procedures, scored against peers."""
        if not (snap.has("tenders.bidders") or snap.has("bids.*")):
            why = "not computable, because there is no number of bidders and there are no bids"
            subjects = snap.subjects("tender")
            return Findings(subjects=subjects, missing="tenders.bidders;bids.bid_id", reason=why)
        seen = records(snap)
        processes = seen.frames.processes
        found = single(seen.frames, SingleOptions(_COMPETITIVE))
        methods = seen.frames.words.methods
        unknown = among(methods, processes.method, frozenset({UNKNOWN}))
        invites = among(methods, processes.method, _COMPETITIVE)
        gaps = [
            (int(unknown.sum()), "tenders.method", "without a method"),
            (
                int((invites & (processes.bidders < 0)).sum()),
                "tenders.bidders",
                "without a number of bids",
            ),
        ]
        gaps = [gap for gap in gaps if gap[0]]
        peers = _peers(snap, seen, found.processes, self.min_peers)
        bodies = _bodies(seen, peers)
        hits = found.processes.codes[found.processes.flagged]
        return Findings(
            flags=[
                self._flag(snap, contest, peers, bodies)
                for contest in contests(snap, seen, hits.astype(np.int64))
            ],
            subjects=len(processes),
            computable=len(processes) - sum(n for n, _, _ in gaps),
            missing=";".join(column for _, column, _ in gaps),
            reason="not computable, because "
            + " and ".join(f"{n} processes are {words}" for n, _, words in gaps)
            if gaps
            else "",
        )

    def _flag(
        self, snap: Snapshot, contest: Contest, peers: Peers, bodies: Mapping[str, _Body]
    ) -> Flag:
        body = bodies[contest.buyer_id]
        at = int(np.searchsorted(peers.process, contest.place))
        rate = float(peers.rate[at])
        submitted = [b for b in contest.bids if b["status"] not in ("invited", "withdrawn")]
        return flag_on(
            self,
            snap,
            contest,
            score=(1.0 - rate) * (0.1 + 0.8 * surprise(body.p_value)),
            value=1.0,
            threshold=1.0,
            bids=submitted,
            facts={
                "peer_rate": round(rate, 6),
                "peers": int(peers.others[at]),
                "peers_share": PEERS[int(peers.level[at])],
                "body_tenders": body.tenders,
                "body_single": body.single,
                "body_expected": round(body.expected, 3),
                "body_p_value": body.p_value,
            },
        )


def _peers(snap: Snapshot, seen: Records, counted: Marks, least: int) -> Peers:
    """Other bodies' share of single bids in the finest stratum that has enough processes."""
    rows = np.asarray(counted.codes, np.int64)
    frame = pa.table(
        {
            "process": rows,
            "single": counted.flagged.astype(np.int64),
            "buyer": seen.frames.processes.buyer[rows],
            "method": seen.frames.processes.method[rows],
            "division": seen.division[rows],
            "region": seen.lots["region"].take(pa.array(rows)),
            "year": seen.year[rows],
        }
    )
    found = snap.sql(_peers_sql(least), counted=frame)
    return Peers(
        rows,
        np.asarray(counted.flagged, np.bool_),
        found["level"].to_numpy().astype(np.int64),
        found["peers"].to_numpy().astype(np.int64),
        found["rate"].to_numpy().astype(np.float64),
    )


def _bodies(seen: Records, peers: Peers) -> dict[str, _Body]:
    """Per body, the beta-binomial tail of its single bids against its peers' rate.

    The rate differs from procedure to procedure, so a body's own mean is used; the spread of
    bodies around their means, beyond chance, is what over-dispersion the market has.
    """
    buyer = seen.frames.processes.buyer[peers.process]
    codes, at = np.unique(buyer, return_inverse=True)
    n = np.bincount(at, minlength=len(codes)).astype(np.int64)
    k = np.bincount(at, weights=peers.single, minlength=len(codes)).astype(np.int64)
    expected = np.bincount(at, weights=peers.rate, minlength=len(codes))
    mean = np.clip(expected / np.maximum(n, 1), 1e-6, 1 - 1e-6)
    p_values, _ = dispersed_tails(k, n, mean, intra_class(k, n, mean))
    return {
        seen.bodies[int(code)]: _Body(int(tenders), int(singles), float(usual), float(f"{p:.6g}"))
        for code, tenders, singles, usual, p in zip(codes, n, k, expected, p_values, strict=True)
    }


# How much the overall share weighs against a stratum's, in procedures:
_PRIOR = 5.0


def _peers_sql(least: int) -> str:
    windows, picks = [], []
    for i, level in enumerate(_LEVELS):
        windows += [
            f"count(*) OVER (PARTITION BY {level}) - count(*) OVER (PARTITION BY {level}, "
            f"buyer) AS n{i}",
            f"sum(single) OVER (PARTITION BY {level}) - sum(single) OVER (PARTITION BY {level}, "
            f"buyer) AS k{i}",
        ]
        picks.append(f"WHEN n{i} >= {least} THEN {i}")
    last = len(_LEVELS) - 1
    level = f"CASE {' '.join(picks)} ELSE {last} END"
    peers = " ".join(f"WHEN {i} THEN n{i}" for i in range(last + 1))
    singles = " ".join(f"WHEN {i} THEN k{i}" for i in range(last + 1))
    return f"""WITH windowed AS (
        SELECT process, single, avg(single) OVER () AS overall, {", ".join(windows)} FROM counted
    ), levelled AS (SELECT *, {level} AS level FROM windowed)
    SELECT level::BIGINT AS level, (CASE level {peers} END)::BIGINT AS peers,
        (((CASE level {singles} END) + {_PRIOR} * overall)
            / ((CASE level {peers} END) + {_PRIOR}))::DOUBLE AS rate
    FROM levelled ORDER BY process"""
