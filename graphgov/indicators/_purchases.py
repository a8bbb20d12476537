"""What flags on purchases of one body from one company have in common."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from graphgov.schema import Evidence, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.bunching import Excess, excess, usual_share
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.purchases import Purchases, distinct_runs

INT = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Bought:
    """Awards shown in one flag, in order of days.

    Args:
        rows: As `Purchases.details` gives them.
        rules: Places of the rules that concerned them.
    """

    buys: Purchases
    rows: Sequence[Mapping[str, Any]]
    rules: Sequence[int]

    @property
    def body(self) -> str:
        """The buyer."""
        return str(self.rows[0]["buyer_id"])

    @property
    def company(self) -> str:
        """The supplier."""
        return str(self.rows[0]["company_id"])

    @property
    def first(self) -> date:
        """Day of the first award."""
        found: date = min(r["awarded_on"] for r in self.rows)
        return found

    @property
    def last(self) -> date:
        """Day of the last award."""
        found: date = max(r["awarded_on"] for r in self.rows)
        return found

    @property
    def amounts(self) -> dict[str, Decimal]:
        """Sums by currency."""
        found: dict[str, Decimal] = {}
        for row in self.rows:
            key = row["currency"] or ""
            found[key] = found.get(key, Decimal(0)) + row["amount"]
        return dict(sorted(found.items()))

    @property
    def line(self) -> list[list[str]]:
        """The highest line that concerned them, by currency, for sentences."""
        known = self.buys.lines.rules
        own = self.rows[0]["currency"] or ""
        found: dict[str, Decimal] = {}
        for rule in self.rules:
            key = known.currency[rule] or own
            found[key] = max(found.get(key, Decimal(0)), known.amount[rule])
        return [[c, str(a)] for c, a in sorted(found.items())]

    def facts(self, snap: Snapshot) -> dict[str, object]:
        """Parties, days, sums and what was mostly bought."""
        titles = Counter(r["title"] or r["category"] for r in self.rows)
        titles.pop(None, None)
        thing = min(titles, key=lambda t: (-titles[t], t)) if titles else "?"
        return {
            "body": snap.name("body", self.body),
            "company": snap.name("company", self.company),
            "object": thing,
            "count": len(self.rows),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "amounts": [[c, str(a)] for c, a in self.amounts.items()],
            "line": self.line,
        }

    def evidence(self) -> list[Evidence]:
        """The awards and the rules."""
        keys = self.buys.lines.rules.row_key
        return [
            *(Evidence("awards", r["row_key"], r["award_id"]) for r in self.rows),
            *(Evidence("thresholds", keys[rule]) for rule in self.rules),
        ]

    def members(self) -> list[Member]:
        """The body, the companies and the awards."""
        return [
            Member("body", self.body, "buyer"),
            *(Member("company", r["company_id"], "supplier") for r in self.rows),
            *(Member("award", r["award_id"], "award") for r in self.rows),
        ]


def bought(
    snap: Snapshot, buys: Purchases, groups: Iterable[INT], rules: npt.NDArray[np.int32]
) -> list[Bought]:
    """What is shown of groups of rows, read at once.

    Args:
        snap: Where titles and exact amounts are.
        buys: All purchases.
        groups: Rows of each flag.
        rules: Per purchase, the rule that concerned it, or -1.
    """
    parts = [rows[np.lexsort((rows, buys.day[rows]))] for rows in groups]
    if not parts:
        return []
    shown = buys.details(snap, np.concatenate(parts))
    ends = np.cumsum([len(p) for p in parts]).tolist()
    return [
        Bought(
            buys,
            shown[end - len(part) : end],
            sorted({r for r in rules[part].tolist() if r >= 0}),
        )
        for part, end in zip(parts, ends, strict=True)
    ]


class Compared(NamedTuple):
    """Purchases near a line by unit, and how unusual their number in the zone is.

    Args:
        rows: Of all purchases, by unit.
        hits: Whether they lie in the zone.
        starts: Where each unit begins, and the end.
        found: Counts and tails per unit.
        q: After Benjamini and Hochberg.
    """

    rows: INT
    hits: npt.NDArray[np.bool_]
    starts: INT
    found: Excess
    q: npt.NDArray[np.float64]

    def inside(self, unit: int) -> INT:
        """Rows of a unit in the zone."""
        part = slice(self.starts[unit], self.starts[unit + 1])
        return self.rows[part][self.hits[part]]

    def notable(self, max_q: float, least: int, ratio: float) -> list[int]:
        """Units with a q-value of at most this, so many hits, and so many times the usual."""
        more = self.found.hits >= ratio * self.found.usual * self.found.trials
        few = self.found.hits >= least
        return np.flatnonzero((self.q <= max_q) & few & more).tolist()


def compared(buys: Purchases, rows: INT, hits: npt.NDArray[np.bool_], *, pairs: bool) -> Compared:
    """Count hits per body, or per body and company, against what peers do.

    Args:
        buys: All purchases.
        rows: Those that could lie in the zone.
        hits: Which of them do.
        pairs: Whether a unit is a body and a company; then the body's other companies are
            peers, too.
    """
    company = buys.company[rows] if pairs else np.zeros(len(rows), np.int32)
    order, starts = distinct_runs(buys.body[rows], company)
    rows, hits, company = rows[order], hits[order], company[order]
    usual = usual_share(
        hits, buys.body[rows], buys.division.codes[rows], company if pairs else None
    )
    unit = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    found = excess(hits, unit, usual, len(starts) - 1)
    return Compared(rows, hits, starts, found, benjamini_hochberg(found.tail.p))
