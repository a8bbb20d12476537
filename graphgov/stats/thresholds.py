"""Which line concerned a purchase that day: the amount from which a method of buying is due.

Of the rules for one method the most specific holds: longest category, then jurisdiction, then
kind of body, then the one that began last.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphgov.snapshot import Snapshot
from graphgov.stats.spans import F64, FAR, I32

RANKS = {"direct": 1, "limited": 2, "selective": 3, "open": 4}  # simple to demanding; 0 unknown
DUES = ("limited", "selective", "open")  # what a rule may oblige to: columns of `Lines`

_RULES = """SELECT row_key, method, amount, currency, starts_on FROM thresholds
WHERE amount > 0 AND method IN ('limited', 'selective', 'open') ORDER BY row_key"""
_CHOSEN = ", ".join(
    f"coalesce(arg_max(rule, precedence) FILTER (WHERE due = {d}), -1) AS r{d}" for d in (2, 3, 4)
)
_FIT = f"""WITH rule AS (
    SELECT row_number() OVER (ORDER BY row_key) - 1 AS rule, method, currency, category_prefix,
        jurisdiction, body_kind,
        CASE method WHEN 'limited' THEN 2 WHEN 'selective' THEN 3 ELSE 4 END AS due,
        coalesce(date_diff('day', DATE '1970-01-01', starts_on), -{FAR}) AS since,
        coalesce(date_diff('day', DATE '1970-01-01', ends_on), {FAR}) AS until,
        row_number() OVER (ORDER BY length(coalesce(category_prefix, '')),
            jurisdiction IS NOT NULL, body_kind IS NOT NULL,
            coalesce(starts_on, DATE '0001-01-01'), amount DESC, row_key) AS precedence
    FROM thresholds WHERE amount > 0 AND method IN ('limited', 'selective', 'open')
), fit AS (
    SELECT combo, rule, due, since, until, precedence FROM asked a
    JOIN rule r ON r.jurisdiction = a.jurisdiction AND {{rest}}
    UNION ALL
    SELECT combo, rule, due, since, until, precedence FROM asked a
    JOIN rule r ON r.jurisdiction IS NULL AND {{rest}}
)
SELECT p.n, {_CHOSEN}
FROM placed p JOIN fit USING (combo) WHERE p.day BETWEEN since AND until
GROUP BY p.n ORDER BY p.n""".format(
    rest="""(r.body_kind IS NULL OR r.body_kind = a.body_kind)
        AND (r.category_prefix IS NULL OR starts_with(a.category, r.category_prefix))
        AND (r.currency IS NULL OR a.currency = '' OR r.currency = a.currency)"""
)


class Coded(NamedTuple):
    """A column of words as places in their sorted list; -1 where empty."""

    codes: I32
    words: tuple[str, ...]

    def take(self, rows: npt.NDArray[Any]) -> "Coded":
        """The same words for some rows."""
        return Coded(self.codes[rows], self.words)

    def word(self, row: int) -> str:
        """The word in a row, or nothing."""
        return self.words[self.codes[row]] if self.codes[row] >= 0 else ""


def coded(column: pa.ChunkedArray | pa.Array) -> Coded:
    """A column of strings as sorted words; an empty string is no word."""
    found = pc.dictionary_encode(column.cast(pa.string()))
    if isinstance(found, pa.ChunkedArray):
        found = found.unify_dictionaries().combine_chunks()
    if isinstance(found, pa.ChunkedArray):  # of no rows
        return Coded(np.zeros(0, np.int32), ())
    words = found.dictionary
    order = pc.sort_indices(words)  # by bytes, which is the order of code points
    order = order.filter(pc.not_equal(words.take(order), ""))
    place = np.full(len(words) + 1, -1, dtype=np.int32)
    place[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
    index = pc.fill_null(found.indices, len(words)).to_numpy(zero_copy_only=False)
    return Coded(place[index], tuple(words.take(order).to_pylist()))


@dataclass(frozen=True)
class Rules:
    """The thresholds that oblige to something, in order of their row keys."""

    row_key: tuple[str, ...]
    method: tuple[str, ...]
    amount: tuple[Decimal, ...]
    currency: tuple[str, ...]
    starts_on: tuple[date | None, ...]


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines in force for each purchase, one column per method of `DUES`.

    Args:
        amount: NaN where no rule concerns the purchase.
        rule: Place in `rules`, or -1.
    """

    amount: F64
    rule: I32
    rules: Rules

    def nearest_above(self, amount: F64, rank: npt.NDArray[Any]) -> tuple[F64, I32]:
        """The lowest line above an amount that a method simpler than due kept below.

        Args:
            amount: Of each purchase.
            rank: Of the method used, see `RANKS`; 0, unknown, has no line.

        Returns:
            The line, NaN where there is none, and its rule.
        """
        due = np.arange(2, 5)
        fits = (rank[:, None] > 0) & (due > rank[:, None]) & (self.amount > amount[:, None])
        found = np.where(fits, self.amount, np.inf)
        best = 2 - np.argmin(found[:, ::-1], axis=1)  # of equal lines the most demanding
        rows = np.arange(len(best))
        line = found[rows, best]
        some = np.isfinite(line)
        return np.where(some, line, np.nan), np.where(some, self.rule[rows, best], -1)

    def competitive(self) -> tuple[F64, I32]:
        """The line from which the most demanding method known to be due is due, and its rule."""
        known = ~np.isnan(self.amount)
        column = self.amount.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
        rows = np.arange(len(column))
        return self.amount[rows, column], self.rule[rows, column]


def rules(snap: Snapshot) -> Rules:
    """The rules of a snapshot."""
    found = snap.sql(_RULES)
    return Rules(
        tuple(found["row_key"].to_pylist()),
        tuple(found["method"].to_pylist()),
        tuple(found["amount"].to_pylist()),
        tuple(c or "" for c in found["currency"].to_pylist()),
        tuple(found["starts_on"].to_pylist()),
    )


def lines(snap: Snapshot, body: I32, category: Coded, currency: Coded, day: I32) -> Lines:
    """The lines that concerned each purchase on its day.

    A rule without jurisdiction, kind of body, category or currency holds for all; one that
    names what is not known of the purchase does not hold, currency apart.

    Args:
        snap: Where bodies and rules are.
        body: Place of the buyer in `snap.ids("body")`.
        category: Code of what was bought.
        currency: Of the amount.
        day: Since 1970.
    """
    known = rules(snap)
    rule = np.full((len(body), len(DUES)), -1, dtype=np.int32)
    if known.row_key and len(body):
        asked, combo = _combos(snap, body, category, currency)
        placed = pa.table({"n": np.arange(len(body)), "combo": combo, "day": day})
        found = snap.sql(_FIT, asked=asked, placed=placed)
        rows = found["n"].to_numpy()
        for column, due in enumerate((2, 3, 4)):
            rule[rows, column] = found[f"r{due}"].to_numpy()
    amount = np.array([*(float(a) for a in known.amount), np.nan])
    return Lines(amount[rule], rule, known)


def _combos(
    snap: Snapshot, body: I32, category: Coded, currency: Coded
) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Each combination that rules tell apart, once, and which one each purchase is."""
    bodies = snap.sql("SELECT jurisdiction, kind FROM bodies ORDER BY body_id")
    place, kind = coded(bodies["jurisdiction"]), coded(bodies["kind"])
    parts = [
        (place.codes[body], place.words, "jurisdiction"),
        (kind.codes[body], kind.words, "body_kind"),
        (category.codes, category.words, "category"),
        (currency.codes, currency.words, "currency"),
    ]
    key = np.zeros(len(body), dtype=np.int64)
    for codes, words, _ in parts:
        key = key * (len(words) + 1) + codes + 1
    _, first, combo = np.unique(key, return_index=True, return_inverse=True)
    columns: dict[str, Any] = {"combo": np.arange(len(first))}
    for codes, words, name in parts:
        columns[name] = pa.array(["", *words], pa.string()).take(pa.array(codes[first] + 1))
    return pa.table(columns), combo
