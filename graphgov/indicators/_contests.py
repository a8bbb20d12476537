"""What the indicators over bids share: evidence and words of a contest, ranks among peers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.detector import Detector, Findings
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.frames import Measured
from graphgov.stats.bids.from_snapshot import Records, lots_of
from graphgov.stats.bids.price_ratio import Ratios
from graphgov.stats.exact import draws_for

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]
_SEED = 17
_BATCH = 20_000

# Columns that the frame of bids is made of.
COLUMNS = (
    "tenders.method", "tenders.status", "tenders.title", "tenders.category", "tenders.region",
    "tenders.criteria", "tenders.published_at", "tenders.submission_starts_at",
    "tenders.bids_due_at", "tenders.procuring_entity_id", "lots.*", "lots.status", "lots.title",
    "bids.bid_id", "bids.lot_id", "bids.amount", "bids.currency", "bids.submitted_at",
    "bids.status", "awards.tender_id", "awards.lot_id", "awards.currency", "awards.status",
    "awards.method", "awards.category", "awards.region", "bodies.name", "bodies.region",
    "companies.name", "rates.*",
)  # fmt: skip
_COLUMN_OF = {
    "no bids are published": "bids.bid_id",
    "no awards are published": "awards.tender_id",
    "no awards are published, or one is still open": "awards.tender_id",
    "the submission period is not published with exact times": "tenders.bids_due_at",
    "no valid bid and deadline are published with their times": "bids.submitted_at",
    "no valid bid has a price": "bids.amount",
    "the winner has no valid bid with a price": "bids.amount",
}


@dataclass(frozen=True)
class Contest:
    """One process with the rows a flag on it rests on.

    Attributes:
        place: Row of the frame.
        awards: Active ones, a row per winner.
        bids: Rows of all bids, a row per tenderer, in the order of the frame.
    """

    place: int
    tender_id: str
    lot: str
    title: str
    row_key: str
    buyer_id: str
    method: str
    starts: datetime | None
    due: datetime | None
    day: date | None
    awards: Sequence[Mapping[str, Any]]
    bids: Sequence[Mapping[str, Any]]

    @property
    def subject(self) -> tuple[str, str | Sequence[str]]:
        """Kind and id: a lot where the tender has several, else the tender."""
        lot = (self.tender_id, self.lot)
        return ("lot", lot) if self.lot else ("tender", self.tender_id)

    @property
    def winners(self) -> list[str]:
        """Companies awarded, in order."""
        return sorted({row["company_id"] for row in self.awards})

    @property
    def amounts(self) -> dict[str, Decimal]:
        """What was awarded, by currency; a joint award counts once."""
        return sums_of(self.awards)

    def bid(self, bid_id: str) -> list[Mapping[str, Any]]:
        """The rows of one bid."""
        return [row for row in self.bids if row["id"] == bid_id]


def contests(
    snap: Snapshot, seen: Records, places: I64, *, with_bids: bool = True
) -> Iterator[Contest]:
    """The contests at some rows of the frame, in their order."""
    for start in range(0, len(places), _BATCH):
        asked = seen.lots.take(pa.array(places[start : start + _BATCH])).select(
            ["process", "tender_id", "lot", "split", "method", "starts", "due", "day"]
        )
        for row in snap.sql(_WITH_BIDS if with_bids else _WITHOUT_BIDS, asked=asked).to_pylist():
            yield Contest(
                row["process"],
                row["tender_id"],
                row["lot"],
                row["title"] or row["tender_id"],
                row["row_key"],
                row["buyer_id"],
                row["method"] or "?",
                row["starts"],
                row["due"],
                row["day"],
                row["awards"] or [],
                row["bids"] or [],
            )


def plain(taken: Ratios) -> Ratios:
    """Ratios without what rounding to cents leaves: a thousandth of a percent is nothing."""
    return replace(taken, value=np.round(taken.value, 5))


def price(row: Mapping[str, Any]) -> list[list[str]]:
    """The price of a bid as a fact."""
    return [[row["currency"] or "", str(row["amount"])]]


def flag_on(
    detector: Detector,
    snap: Snapshot,
    contest: Contest,
    *,
    score: float,
    facts: Mapping[str, object],
    whole: bool = False,
    bids: Iterable[Mapping[str, Any]] = (),
    roles: Mapping[str, str] | None = None,
    value: float | None = None,
    threshold: float | None = None,
    p_value: float | None = None,
    q_value: float | None = None,
) -> Flag:
    """A flag on a contest: its buyer, winners, awards and money, and the bids it rests on.

    Args:
        detector: Whose flag.
        snap: Names come from it.
        contest: What it is on.
        score: As in `Flag`.
        facts: Besides title, body, companies, on and amounts.
        whole: The flag is on the tender, even if this is one lot of it.
        bids: Rows that are evidence.
        roles: Of companies besides the winners.
        value: As in `Flag`.
        threshold: As in `Flag`.
        p_value: As in `Flag`.
        q_value: As in `Flag`.
    """
    kind, subject = ("tender", contest.tender_id) if whole else contest.subject
    winners, amounts = contest.winners, contest.amounts
    first, last = (day or contest.day for day in span(contest.awards))
    roles = {**dict.fromkeys(winners, "winner"), **(roles or {})}
    members = [Member("tender", contest.tender_id, "process")]
    members += [Member("body", contest.buyer_id, "buyer")]
    members += [Member("company", key, role) for key, role in roles.items()]
    members += [Member("award", row["id"], "award") for row in contest.awards]
    return detector.flag(
        subject,
        subject_kind=kind,
        score=score,
        value=value,
        threshold=threshold,
        p_value=p_value,
        q_value=q_value,
        amounts=amounts,
        first_on=first,
        last_on=last,
        body_id=contest.buyer_id,
        company_id=winners[0] if len(winners) == 1 else "",
        facts={
            "tender": contest.tender_id,
            "lot": contest.lot,
            "title": contest.title,
            "method": contest.method,
            "body": snap.name("body", contest.buyer_id),
            "companies": [snap.name("company", key) for key in winners] or ["?"],
            "on": last.isoformat() if last else "?",
            "amounts": [[c, str(a)] for c, a in sorted(amounts.items())],
            **facts,
        },
        evidence=[
            Evidence("tenders", contest.row_key, contest.tender_id),
            *(Evidence("awards", row["row_key"], row["id"]) for row in contest.awards),
            *(Evidence("bids", row["row_key"], row["id"]) for row in bids),
        ],
        members=members,
    )


def on_contests(
    measured: Measured,
    flags: Sequence[Flag],
    *,
    subject: str = "processes",
    p_values: F64 | None = None,
) -> Findings:
    """Findings of an indicator whose unit is the process, with what stopped it on the rest."""
    stopped = Counter(measured.why[measured.why > 0].tolist())
    # Not to be judged by its method is an answer, not a gap in the data.
    clauses = [
        (measured.reasons[place], count)
        for place, count in sorted(stopped.items())
        if not measured.reasons[place].startswith("its method")
    ]
    missing = sorted({_COLUMN_OF[text] for text, _ in clauses if text in _COLUMN_OF})
    told = "; ".join(f"{text} ({count} {subject})" for text, count in clauses)
    return Findings(
        flags=flags,
        subjects=len(measured.why),
        computable=len(measured.why) - sum(count for _, count in clauses),
        missing=";".join(missing),
        reason=f"not computable, because {told}" if told else "",
        p_values=p_values,
    )


def rank_tails(value: F64, group: I64, *, high: bool) -> tuple[F64, F64]:
    """Conformal p-values of values among their peers, plain and randomised (recipe S-CONF).

    The share of a group, the value itself included, that is as extreme.

    Args:
        value: In an order that does not depend on the order of input.
        group: Code from 0 per value.
        high: Whether high values are extreme; else low ones are.
    """
    key = -value if high else value
    order = np.lexsort((key, group))
    g, v = group[order], key[order]
    count = len(g)
    fresh = np.r_[True, g[1:] != g[:-1]] if count else np.empty(0, np.bool_)
    step = fresh | np.r_[True, v[1:] != v[:-1]] if count else fresh
    starts = np.flatnonzero(fresh)
    ties = np.flatnonzero(step)
    number = np.cumsum(fresh) - 1
    size = np.diff(np.append(starts, count))[number]
    tie = np.cumsum(step) - 1
    below = ties[tie] - starts[number]  # strictly more extreme
    equal = np.diff(np.append(ties, count))[tie]
    u = draws_for(value, group.astype(np.float64), seed=_SEED)
    plain, drawn = np.empty(count), np.empty(count)
    plain[order] = (below + equal) / np.maximum(size, 1)
    drawn[order] = (below + u * equal) / np.maximum(size, 1)
    return plain, drawn


def rows_of(
    snap: Snapshot, seen: Records, pairs: I64, key: I64
) -> dict[int, list[Mapping[str, Any]]]:
    """Bid and award rows of companies in processes, in content order.

    Args:
        snap: What they are in.
        seen: Its frame.
        pairs: Rows of processes and codes of companies, two rows of an array.
        key: What each pair is wanted for; the rows come back by it.
    """
    found: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    if pairs.shape[1]:
        ids = pa.array(seen.companies, pa.string())
        asked = (
            seen.lots.take(pa.array(pairs[0]))
            .select(["tender_id", "lot", "split", "buyer_id", "due", "day"])
            .append_column("company_id", ids.take(pa.array(pairs[1])))
            .append_column("code", pa.array(key))
        )
        for row in snap.sql(_OF_PAIRS, asked=asked).to_pylist():
            found[row["code"]].append(row)
    return found


def sums_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Money of some rows by currency; a joint bid or award counts once."""
    once = {row["id"]: row for row in rows if row["amount"] is not None}
    total: dict[str, Decimal] = defaultdict(Decimal)
    for row in once.values():
        total[row["currency"] or ""] += Decimal(row["amount"])
    return dict(sorted(total.items()))


def span(rows: Iterable[Mapping[str, Any]]) -> tuple[date | None, date | None]:
    """First and last day of some rows."""
    days = [row["on"] for row in rows if row["on"]]
    return (min(days), max(days)) if days else (None, None)


_AWARDED = f"""prize AS (
        SELECT l.process, list({{'id': w.award_id, 'row_key': w.row_key,
            'company_id': w.company_id, 'amount': w.amount::VARCHAR, 'currency': w.currency,
            'on': w.awarded_on}} ORDER BY w.award_id, w.company_id) AS awards
        FROM wins w JOIN asked l ON w.tender_id = l.tender_id
            AND (NOT l.split OR list_contains({lots_of("w.lot_id")}, l.lot))
        GROUP BY l.process
    )"""
_OFFERED = """offer AS (
        SELECT l.process, list({'id': b.bid_id, 'row_key': b.row_key,
            'company_id': b.company_id, 'amount': b.amount::VARCHAR, 'currency': b.currency,
            'status': b.status, 'at': b.submitted_at} ORDER BY b.bid_id, b.company_id) AS bids
        FROM bids b JOIN asked l ON b.tender_id = l.tender_id
            AND (NOT l.split OR coalesce(b.lot_id, '') = l.lot)
        GROUP BY l.process
    )"""
_REST = """SELECT l.*, t.row_key, t.buyer_id, coalesce(o.title, t.title) AS title, p.awards, {}
    FROM asked l JOIN tenders t USING (tender_id) LEFT JOIN prize p USING (process)
    LEFT JOIN lots o ON l.split AND o.tender_id = l.tender_id AND o.lot_id = l.lot
    {} ORDER BY l.process"""
_WITH_BIDS = f"WITH {_AWARDED}, {_OFFERED} " + _REST.format(
    "f.bids", "LEFT JOIN offer f USING (process)"
)
_WITHOUT_BIDS = f"WITH {_AWARDED} " + _REST.format("NULL AS bids", "")
_OF_PAIRS = f"""SELECT l.code, 'awards' AS "table", w.award_id AS id, w.row_key, w.awarded_on AS
        "on", w.amount::VARCHAR AS amount, w.currency, 'active' AS status, l.buyer_id, w.company_id
    FROM wins w JOIN asked l ON w.tender_id = l.tender_id AND w.company_id = l.company_id
        AND (NOT l.split OR list_contains({lots_of("w.lot_id")}, l.lot))
    UNION SELECT l.code, 'bids', b.bid_id, b.row_key, coalesce(b.submitted_at, l.due, l.day)::DATE,
        b.amount::VARCHAR, b.currency, b.status, l.buyer_id, b.company_id
    FROM bids b JOIN asked l ON b.tender_id = l.tender_id AND b.company_id = l.company_id
        AND (NOT l.split OR coalesce(b.lot_id, '') = l.lot)
    ORDER BY ALL"""
