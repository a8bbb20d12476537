"""Who bid against whom, on which lot and day: what ties between bidders are looked up in.

A lot is a process of `stats.bids.from_snapshot`. Submitted bids count, those put out later
too: who hides a common hand does so when bidding. Members of one joint bid are no rivals.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graphgov.network.projection import bidding, project
from graphgov.snapshot import Snapshot
from graphgov.stats.bids.frames import DISQUALIFIED
from graphgov.stats.bids.from_snapshot import Records, records
from graphgov.stats.spans import FAR, I64, slices

BOOL = npt.NDArray[np.bool_]
_ROWS = 4_000_000  # bids looked up at once
COLUMNS = (
    "bids.bid_id", "bids.company_id", "bids.status", "bids.lot_id", "bids.amount",
    "bids.currency", "bids.submitted_at", "awards.tender_id", "awards.lot_id", "awards.status",
    "awards.currency", "awards.method", "awards.category", "awards.region", "tenders.method",
    "tenders.status", "tenders.title", "tenders.category", "tenders.region", "tenders.bidders",
    "tenders.criteria", "tenders.published_at", "tenders.submission_starts_at",
    "tenders.bids_due_at", "tenders.procuring_entity_id", "lots.*", "lots.status", "lots.title",
    "bodies.name", "bodies.region", "companies.name", "companies.state_owned", "rates.*",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Met:
    """Meetings of given pairs of companies, one row each, by pair and lot.

    Args:
        pair: Which of the pairs asked for.
        lot: Where they met.
    """

    pair: I64
    lot: I64


@dataclass(frozen=True, eq=False)
class Rivals:
    """Bids of lots with two bidders or more, by company and lot; one per company and lot.

    Args:
        seen: The frame they come from; lots are its processes, companies its codes.
        key: company * lots + lot, ascending.
        bid: Row of the bid in the frame.
        fit: The bid was not put out.
        day: Per lot, days since 1970 of the deadline, else of the award; `-FAR` if unknown.
        state: Per company, owned by the state.
    """

    seen: Records
    key: I64
    bid: I64
    fit: BOOL
    day: I64
    state: BOOL

    @property
    def lots(self) -> int:
        """How many lots there are in the frame, one at least."""
        return max(1, len(self.day))

    @property
    def companies(self) -> int:
        """How many companies there are."""
        return len(self.seen.companies)

    @property
    def lot(self) -> I64:
        """Lot of every bid."""
        return self.key % self.lots

    @property
    def company(self) -> I64:
        """Company of every bid."""
        return self.key // self.lots

    @cached_property
    def begins(self) -> I64:
        """First bid of each company, and the end."""
        return np.searchsorted(self.key, np.arange(self.companies + 1, dtype=np.int64) * self.lots)

    @cached_property
    def bidders(self) -> I64:
        """Different bidders per lot, joint ones each for itself."""
        return np.bincount(self.lot, minlength=self.lots)

    @cached_property
    def pairs(self) -> tuple[I64, I64]:
        """Codes of all pairs of companies that bid on one lot, a < b; huge lots left out."""
        found = project(
            bidding(self.lot, self.company, lots=self.lots, companies=self.companies, max_size=50)
        )
        return found.a.astype(np.int64), found.b.astype(np.int64)

    def met(self, a: I64, b: I64) -> Met:
        """Where each of some pairs bid against each other."""
        parts = list(self._met(a, b))
        if not parts:
            none = np.empty(0, np.int64)
            return Met(none, none)
        return Met(*(np.concatenate([p[i] for p in parts]) for i in (0, 1)))

    def _met(self, a: I64, b: I64) -> Iterator[tuple[I64, I64]]:
        if not len(self.key):
            return
        often = np.diff(self.begins)
        swap = often[a] > often[b]
        few, other = np.where(swap, b, a), np.where(swap, a, b)
        done = np.concatenate([[0], np.cumsum(often[few])])
        begin = 0
        while begin < len(few):
            end = max(begin + 1, int(np.searchsorted(done, done[begin] + _ROWS)) - 1)
            part = slice(begin, end)
            rows = slices(self.begins[few[part]], self.begins[few[part] + 1])
            pair = np.repeat(np.arange(begin, end), often[few[part]])
            lot = self.key[rows] % self.lots
            wanted = other[pair] * self.lots + lot
            at = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
            keep = (self.key[at] == wanted) & (self.bid[at] != self.bid[rows])
            yield pair[keep], lot[keep]
            begin = end


def rivals(snap: Snapshot) -> Rivals:
    """The rivals of a snapshot, made once."""
    return snap.memo("network.rivals", lambda: _read(snap))


def niches(snap: Snapshot, market: Rivals) -> I64:
    """Per lot a code of category (four digits), method and region: who shares it meets anyway."""
    return snap.memo("network.niches", lambda: _niches(snap, market))


def _niches(snap: Snapshot, market: Rivals) -> I64:
    asked = market.seen.lots.select(["process", "tender_id", "method", "region"])
    rows = snap.sql(_NICHES, asked=asked)
    found = rows["niche"].to_numpy().astype(np.int64)
    return found if len(found) else np.zeros(market.lots, dtype=np.int64)


def _read(snap: Snapshot) -> Rivals:
    seen = records(snap)
    frames = seen.frames
    lots = max(1, len(frames.processes))
    bid, company = frames.tenderers_of(np.flatnonzero(frames.submitted))
    key = company.astype(np.int64) * lots + frames.bids.process[bid]
    order = np.lexsort((bid, key))
    key, bid = key[order], bid[order].astype(np.int64)
    fresh = np.ones(len(key), dtype=bool)
    fresh[1:] = key[1:] != key[:-1]
    key, bid = key[fresh], bid[fresh]
    several = np.bincount(key % lots, minlength=lots)[key % lots] >= 2
    key, bid = key[several], bid[several]
    state = snap.sql(
        "SELECT coalesce(state_owned, false) AS state FROM companies ORDER BY company_id"
    )
    return Rivals(
        seen=seen,
        key=key,
        bid=bid,
        fit=frames.bids.status[bid] != DISQUALIFIED,
        day=_days(snap, seen.lots),
        state=state["state"].to_numpy(zero_copy_only=False).astype(bool),
    )


def _days(snap: Snapshot, lots: pa.Table) -> I64:
    zone = snap.timezone.replace("'", "''")
    rows = snap.sql(_DAYS.format(zone=zone), asked=lots.select(["process", "due", "day"]))
    return np.asarray(rows["day"].to_numpy(), dtype=np.int64)


_DAYS = f"""SELECT coalesce(date_diff('day', DATE '1970-01-01', coalesce(
        ((due AT TIME ZONE 'UTC') AT TIME ZONE '{{zone}}')::DATE, day)), -{FAR})::BIGINT AS day
    FROM asked ORDER BY process"""
CATEGORY = """CASE WHEN regexp_matches({0}, '^[0-9]{{4}}') THEN left({0}, 4)
    ELSE coalesce({0}, '') END"""
_NICHES = f"""WITH w AS (
        SELECT tender_id, min(category) AS category FROM wins
        WHERE tender_id IS NOT NULL GROUP BY tender_id
    ), c AS (
        SELECT a.process, a.method, a.region, coalesce(t.category, w.category) AS category
        FROM asked a JOIN tenders t USING (tender_id) LEFT JOIN w USING (tender_id)
    )
    SELECT dense_rank() OVER (ORDER BY {CATEGORY.format("category")}, coalesce(method, ''),
        coalesce(region, '')) - 1 AS niche
    FROM c ORDER BY process"""
