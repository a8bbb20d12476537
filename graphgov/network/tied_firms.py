"""The companies close to one official, taken together: contests, wins and expectation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphgov.network.closeness import Close
from graphgov.network.favour import Queries, ask
from graphgov.network.recusal import without_recused
from graphgov.snapshot import Snapshot
from graphgov.stats.market import Advantage
from graphgov.stats.spans import F64, I32, I64, sums


@dataclass(frozen=True, eq=False)
class TiedFirms:
    """Officials with their close companies, days on which the official stood aside left out.

    Args:
        near: Who is close to whom.
        rows: Rows of `near`, one per official and company.
        group: Of each row, the place of its official.
        officials: Index of each official.
        queries: Days in which tie and office held, one group per official.
        seen: Wins of the whole circle against expectation, per official.
        wins: Decisions for each row's company in these days.
    """

    near: Close
    rows: I64
    group: I64
    officials: I32
    queries: Queries
    seen: Advantage
    wins: I64

    def members(self, official: int) -> tuple[I64, I64]:
        """Rows of an official's companies that won, most wins first, and their wins."""
        mine = np.flatnonzero(self.group == official)
        mine = mine[np.argsort(-self.wins[mine], kind="stable")]
        mine = mine[self.wins[mine] > 0]
        return self.rows[mine], self.wins[mine]

    def mean(self, values: F64) -> F64:
        """The mean of what each row of `near` has, by wins of the companies, per official."""
        won, size = self.wins.astype(np.float64), self.officials.size
        total = sums(self.group, won * values[self.rows], size)
        return np.asarray(total / np.maximum(sums(self.group, won, size), 1.0))

    def count(self, *, winners: bool) -> I64:
        """Companies per official, all that took part or only those that won."""
        counted = self.wins > 0 if winners else np.ones(self.rows.size, dtype=bool)
        found = np.bincount(self.group[counted], minlength=self.officials.size)
        return found.astype(np.int64)


def tied_firms(snap: Snapshot, near: Close, chosen: Sequence[int]) -> TiedFirms:
    """The close companies of all officials that have some.

    Args:
        snap: Where recusals are recorded.
        near: Who is close to whom.
        chosen: Rows of `near`, at most one per official and company, in order.
    """
    rows = np.array(chosen, dtype=np.int64)
    officials, group = np.unique(near.person[rows], return_inverse=True)
    queries = without_recused(snap, _by_official(near, rows, group.astype(np.int64), officials))
    seen = ask(near.yard, queries)
    wins = _firm_wins(near, queries, rows, group.astype(np.int64))
    return TiedFirms(near, rows, group.astype(np.int64), officials, queries, seen, wins)


def _by_official(near: Close, rows: I64, group: I64, officials: I32) -> Queries:
    """The spans of the chosen rows, grouped by official."""
    low = np.searchsorted(near.queries.group, rows)
    high = np.searchsorted(near.queries.group, rows, side="right")
    take = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)] or [low])
    spans = near.queries
    return Queries(
        np.repeat(group, high - low),
        officials,
        np.full(officials.size, -1, np.int32),
        spans.body[take],
        spans.company[take],
        spans.start[take],
        spans.end[take],
    )


def _firm_wins(near: Close, queries: Queries, rows: I64, group: I64) -> I64:
    """Decisions for each chosen row's company in the spans of its official."""
    low, high = near.yard.shares.decisions.span(
        queries.body, queries.company, queries.start, queries.end
    )
    companies = near.yard.shares.companies
    span = queries.group * companies + queries.company
    row = group * companies + near.company[rows]
    order = np.argsort(row, kind="stable")
    at = order[np.searchsorted(row[order], span)]
    return np.bincount(at, high - low, minlength=rows.size).astype(np.int64)
