"""Competitive procedures to which one bid came, against what is usual for their kind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.dispersed import dispersed_tails, intra_class

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
    wants: ClassVar = (
        "tenders.bidders",
        "tenders.method",
        "tenders.status",
        "tenders.title",
        "tenders.category",
        "tenders.region",
        "tenders.published_at",
        "tenders.bids_due_at",
        "tenders.opened_at",
        "bids.bid_id",
        "bids.status",
        "awards.tender_id",
        "awards.currency",
        "awards.status",
        "awards.method",
        "awards.category",
        "awards.region",
        "bodies.name",
        "bodies.region",
        "companies.name",
        "rates.*",
    )
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
        subjects = snap.subjects("tender")
        if not (snap.has("tenders.bidders") or snap.has("bids.*")):
            why = "not computable, because there is no number of bidders and there are no bids"
            return Findings(subjects=subjects, missing="tenders.bidders;bids.bid_id", reason=why)
        base = _base_sql(self.min_peers)
        counts = snap.sql(f"{base} {_COVERAGE}").to_pylist()[0]
        gaps = [
            (counts["no_method"], "tenders.method", "without a method"),
            (counts["no_count"], "tenders.bidders", "without a number of bids"),
        ]
        gaps = [gap for gap in gaps if gap[0]]
        bodies = _bodies(snap, base)
        return Findings(
            flags=[self._flag(snap, row, bodies) for row in _hits(snap, base)],
            subjects=subjects,
            computable=subjects - sum(n for n, _, _ in gaps),
            missing=";".join(column for _, column, _ in gaps),
            reason="not computable, because "
            + " and ".join(f"{n} processes are {words}" for n, _, words in gaps)
            if gaps
            else "",
        )

    def _flag(self, snap: Snapshot, row: Mapping[str, Any], bodies: Mapping[str, _Body]) -> Flag:
        tender, buyer, winners = row["tender_id"], row["buyer_id"], row["winners"] or []
        body = bodies[buyer]
        day = row["day"]
        amounts = {m["currency"]: Decimal(m["amount"]) for m in row["money"] or []}
        members = [Member("tender", tender, "process"), Member("body", buyer, "buyer")]
        members += [Member("company", key, "winner") for key in winners]
        members += [Member("award", e["id"], "award") for e in row["awards"] or []]
        evidence = [Evidence("tenders", row["row_key"], tender)]
        evidence += [Evidence("awards", e["key"], e["id"]) for e in row["awards"] or []]
        evidence += [Evidence("bids", e["key"], e["id"]) for e in row["bids"] or []]
        return self.flag(
            tender,
            score=(1.0 - row["rate"]) * (0.1 + 0.8 * surprise(body.p_value)),
            value=1.0,
            threshold=1.0,
            amounts=amounts,
            first_on=day,
            last_on=day,
            body_id=buyer,
            company_id=winners[0] if len(winners) == 1 else "",
            facts={
                "tender": tender,
                "title": row["title"] or tender,
                "method": row["method"],
                "body": snap.name("body", buyer),
                "companies": [snap.name("company", key) for key in winners] or ["?"],
                "on": day.isoformat() if day else "?",
                "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
                "peer_rate": round(row["rate"], 6),
                "peers": row["peers"],
                "peers_share": PEERS[row["level"]],
                "body_tenders": body.tenders,
                "body_single": body.single,
                "body_expected": round(body.expected, 3),
                "body_p_value": body.p_value,
            },
            evidence=evidence,
            members=members,
        )


def _bodies(snap: Snapshot, base: str) -> dict[str, _Body]:
    """Per body, the beta-binomial tail of its single bids against its peers' rate.

    The rate differs from procedure to procedure, so a body's own mean is used; the spread of
    bodies around their means, beyond chance, is what over-dispersion the market has.
    """
    rows = snap.sql(f"{base} {_BODIES}")
    n = rows["n"].to_numpy().astype(np.int64)
    k = rows["k"].to_numpy().astype(np.int64)
    mean = np.clip(rows["expected"].to_numpy() / np.maximum(n, 1), 1e-6, 1 - 1e-6)
    p_values, _ = dispersed_tails(k, n, mean, intra_class(k, n, mean))
    return {
        key: _Body(int(tenders), int(single), float(m * tenders), float(f"{p:.6g}"))
        for key, tenders, single, m, p in zip(
            rows["buyer_id"].to_pylist(), n, k, mean, p_values, strict=True
        )
    }


def _hits(snap: Snapshot, base: str) -> Iterator[Mapping[str, Any]]:
    for batch in snap.sql(f"{base} {_HITS}").to_batches(max_chunksize=20_000):
        yield from batch.to_pylist()


def _base_sql(min_peers: int) -> str:
    """Counted processes with the share of single bids among other bodies' peers.

    A process is counted when it has a competitive method and a number of bids. Cancelled
    processes are neither peers nor hits.
    """
    windows, picks = [], []
    for i, level in enumerate(_LEVELS):
        windows += [
            f"count(*) OVER (PARTITION BY {level}) - count(*) OVER (PARTITION BY {level}, "
            f"buyer_id) AS n{i}",
            f"sum(single) OVER (PARTITION BY {level}) - sum(single) OVER (PARTITION BY {level}, "
            f"buyer_id) AS k{i}",
        ]
        picks.append(f"WHEN n{i} >= {min_peers} THEN {i}")
    last = len(_LEVELS) - 1
    level = f"CASE {' '.join(picks)} ELSE {last} END"
    peers = " ".join(f"WHEN {i} THEN n{i}" for i in range(last + 1))
    singles = " ".join(f"WHEN {i} THEN k{i}" for i in range(last + 1))
    return f"""{_COUNTED},
    windowed AS (
        SELECT tender_id, buyer_id, method, bids, single, avg(single) OVER () AS overall,
            {", ".join(windows)}
        FROM counted WHERE bids >= 0 AND NOT off AND method IN ('open', 'selective')
    ), levelled AS (SELECT *, {level} AS level FROM windowed
    ), base AS (
        SELECT tender_id, buyer_id, method, single, level, CASE level {peers} END AS peers,
            ((CASE level {singles} END) + {_PRIOR} * overall)
                / ((CASE level {peers} END) + {_PRIOR}) AS rate
        FROM levelled
    )"""


# Two bids of one joint bidder, or on two lots, come from one bidder: its first member stands
# for it. How much the overall share weighs against a stratum's, in procedures:
_PRIOR = 5.0

_COUNTED = """WITH bidder AS (
        SELECT tender_id, bid_id, min(company_id) AS company_id FROM bids
        WHERE coalesce(status, 'valid') NOT IN ('invited', 'withdrawn')
        GROUP BY tender_id, bid_id
    ), counts AS (
        SELECT tender_id, count(DISTINCT company_id) AS bids FROM bidder GROUP BY tender_id
    ), won AS (
        SELECT tender_id, min(method) AS method, min(division) AS division,
            min(region) AS region, min(awarded_on) AS awarded_on
        FROM wins WHERE tender_id IS NOT NULL GROUP BY tender_id
    ), counted AS (
        SELECT t.tender_id, t.buyer_id, coalesce(t.method, won.method) AS method,
            coalesce(t.bidders, c.bids) AS bids,
            (coalesce(t.bidders, c.bids) = 1)::INTEGER AS single,
            coalesce(t.status, '') IN ('cancelled', 'withdrawn', 'planned') AS off,
            coalesce(won.division, CASE WHEN regexp_matches(t.category, '^[0-9]{2}')
                THEN left(t.category, 2) ELSE t.category END) AS division,
            coalesce(won.region, t.region, b.region) AS region,
            coalesce(won.awarded_on, t.opened_at::DATE, t.bids_due_at::DATE,
                t.published_at::DATE) AS day,
            year(coalesce(won.awarded_on, t.opened_at::DATE, t.bids_due_at::DATE,
                t.published_at::DATE)) AS year
        FROM tenders t
        LEFT JOIN counts c USING (tender_id)
        LEFT JOIN won USING (tender_id)
        LEFT JOIN bodies b ON b.body_id = t.buyer_id
    )"""

_COVERAGE = """SELECT count(*) FILTER (method IS NULL) AS no_method,
    count(*) FILTER (method IN ('open', 'selective') AND bids IS NULL) AS no_count FROM counted"""

_BODIES = """SELECT buyer_id, count(*) AS n, sum(single)::BIGINT AS k,
    sum(rate::DECIMAL(18, 12))::DOUBLE AS expected FROM base GROUP BY buyer_id ORDER BY buyer_id"""

_HITS = """, hit AS (SELECT * FROM base WHERE single = 1
    ), prize AS (
        SELECT tender_id, list({'id': award_id, 'key': row_key} ORDER BY award_id, row_key)
            AS awards, list(DISTINCT company_id ORDER BY company_id) AS winners
        FROM wins SEMI JOIN hit USING (tender_id) GROUP BY tender_id
    ), money AS (
        SELECT tender_id, list({'currency': currency, 'amount': amount::VARCHAR}
            ORDER BY currency) AS money
        FROM (
            SELECT tender_id, currency, sum(amount) AS amount FROM (
                SELECT tender_id, award_id, min(currency) AS currency, min(amount) AS amount
                FROM wins SEMI JOIN hit USING (tender_id) GROUP BY tender_id, award_id
            ) GROUP BY tender_id, currency
        ) GROUP BY tender_id
    ), offer AS (
        SELECT tender_id, list({'id': bid_id, 'key': row_key} ORDER BY bid_id, row_key) AS bids
        FROM bids SEMI JOIN hit USING (tender_id)
        WHERE coalesce(status, 'valid') NOT IN ('invited', 'withdrawn') GROUP BY tender_id
    )
    SELECT hit.tender_id, hit.buyer_id, hit.method, hit.rate, hit.peers, hit.level, c.day,
        t.title, t.row_key, prize.awards, prize.winners, money.money, offer.bids
    FROM hit JOIN counted c USING (tender_id) JOIN tenders t USING (tender_id)
    LEFT JOIN prize USING (tender_id) LEFT JOIN money USING (tender_id)
    LEFT JOIN offer USING (tender_id)
    ORDER BY hit.tender_id"""
