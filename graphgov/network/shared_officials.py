"""Companies whose awards the same officials decided, where they sell alike (D02).

What counts is a purchase: a tender, or an award without one, that one company won alone. Its
peers are purchases of the same body, category and years, with one decider or with several, and
where there are enough of the same finer category, year, method and value. Who decides among
peers should have nothing to do with who wins: given which of them are one company's, so many of
another's fall to the one's officials by chance (hypergeometric, added up over strata). Two
firms that are alone in a niche, or a body where one person signs everything, tell nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from graphgov.network.projection import Meetings, bidding, meetings
from graphgov.network.shared_rivals import CATEGORY
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.spans import F64, I32, I64, Tally, distinct
from graphgov.stats.strata import make_strata, value_band
from graphgov.stats.sums import hypergeometric_sum_tails

BOOL = npt.NDArray[np.bool_]
COLUMNS = (
    "decisions.person_id", "decisions.award_id", "decisions.tender_id", "decisions.recused",
    "awards.tender_id", "awards.category", "awards.method", "awards.status", "awards.currency",
    "tenders.category", "tenders.method", "people.name", "companies.name", "bodies.name",
    "rates.*",
)  # fmt: skip
LEAST = 3  # purchases of each of two companies in strata of both: fewer cannot stand out
RARE = 0.1  # only where one way is as rare, the other is worked out
_PEERS = 12  # purchases of a stratum that is finer than it must be
_FEWEST = 4  # purchases of any stratum
_MOSTLY = 0.75  # who decides a greater share of a stratum tells no two of its companies apart
_REPEAT_DAYS = 14  # a purchase from the same company so soon is the same decision
_YEARS = 2  # officials come and go: no stratum is longer
_WORK = 5_000_000  # signatures times companies


@dataclass(frozen=True, eq=False)
class Desks:
    """Purchases with known deciders, by stratum and company.

    Attributes:
        row: Of `wins`, per purchase: the award, or the first one of the tender.
        company: Per purchase.
        stratum: Per purchase, ascending.
        purchase: Of each signature.
        official: Person of each signature, by purchase.
    """

    row: I64
    company: I64
    stratum: I64
    purchase: I64
    official: I64


@dataclass(frozen=True, eq=False)
class Shared:
    """Pairs that sell alike, and how often their officials are the same.

    The chance is that of the second company's purchases given the first one's. `first` and
    `second` are row for row; the first of two has fewer purchases there.

    Attributes:
        first, second: Codes of companies.
        hits: Purchases of the second that an official of the first decided, and the other way.
        drawn: Purchases of the second, and of the first, where that could have been otherwise.
        expected: Mean of `hits` by chance, both ways.
        tails: Chance of `hits`, both ways; the other way is left at one where the first is not
            `RARE`.
    """

    first: I64
    second: I64
    hits: tuple[I64, ...]
    drawn: tuple[I64, ...]
    expected: tuple[F64, ...]
    tails: tuple[Tail, ...]

    @property
    def p(self) -> F64:
        """Both must stand out: the greater chance of the two."""
        return np.asarray(np.maximum(*(tail.p for tail in self.tails)))

    @property
    def lift(self) -> F64:
        """Hits over expected ones, the lesser of the two."""
        ways = [h / np.maximum(e, 1e-9) for h, e in zip(self.hits, self.expected, strict=True)]
        return np.asarray(np.minimum(*ways))


def desks(snap: Snapshot) -> Desks:
    """The purchases of a snapshot that an official is known to have decided, made once."""
    return snap.memo("desks", lambda: _read(snap))


def shared_officials(held: Desks) -> Shared:
    """The test of every pair with three purchases each in strata of both."""
    entries = _Entries.of(held)
    met = entries.meetings()
    count = len(met.pairs.a)
    one, two = entries.able[met.first], entries.able[met.second]
    sizes = [
        np.bincount(met.pair, entries.size[side], minlength=count).astype(np.int64)
        for side in (one, two)
    ]
    keep = np.minimum(*sizes) >= LEAST
    rows = keep[met.pair]
    pair, one, two = (np.cumsum(keep) - 1)[met.pair[rows]], one[rows], two[rows]
    pairs = met.pairs.take(keep)
    swap = (sizes[0] > sizes[1])[keep]
    one, two = np.where(swap[pair], two, one), np.where(swap[pair], one, two)
    ways = [entries.way(pair, one, two, len(swap))]
    rare = (ways[0][4].p <= RARE)[pair]
    ways.append(entries.way(pair[rare], two[rare], one[rare], len(swap)))
    able = ways[0][3]
    hits, drawn = tuple(way[0][able] for way in ways), tuple(way[1][able] for way in ways)
    expected = tuple(way[2][able] for way in ways)
    tails = tuple(Tail(way[4].above[able], way[4].at[able]) for way in ways)
    return Shared(
        np.where(swap, pairs.b, pairs.a).astype(np.int64)[able],
        np.where(swap, pairs.a, pairs.b).astype(np.int64)[able],
        hits, drawn, expected, tails,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Entries:
    """A company in a stratum each: its purchases there, and those its officials decided.

    Attributes:
        stratum, company, size: Per entry, by stratum and company.
        able: Entries of companies with enough purchases to be one of two.
        peers: Purchases of the entry's stratum.
        marked: Of others, purchases with an official who decided for the entry.
        marks: Times entry * entries + entry of the purchase occurs among marked purchases.
    """

    stratum: I64
    company: I64
    size: I64
    able: I64
    peers: I64
    marked: I64
    marks: Tally

    @classmethod
    def of(cls, held: Desks) -> "_Entries":
        """The entries of purchases."""
        wide = int(held.company.max(initial=0)) + 1
        keys, entry = np.unique(held.stratum * wide + held.company, return_inverse=True)
        stratum, company = keys // wide, keys % wide
        size = np.bincount(entry, minlength=len(keys)).astype(np.int64)
        total = np.bincount(held.company, minlength=wide)
        able = np.flatnonzero(total[company] >= LEAST)
        people = int(held.official.max(initial=0)) + 1
        cells, cell = np.unique(
            held.stratum[held.purchase] * people + held.official, return_inverse=True
        )
        ones = np.ones(len(cell), np.int32)
        signed = sparse.csr_array((ones, (held.purchase, cell)), (len(held.company), len(cells)))
        known = sparse.csr_array((ones, (entry[held.purchase], cell)), (len(keys), len(cells)))
        found = (signed @ known[able].T).tocoo()
        row, column = (c.astype(np.int64) for c in found.coords)
        marker, of = able[column], entry[row]
        marked = np.bincount(marker[marker != of], minlength=len(keys)).astype(np.int64)
        peers = np.bincount(held.stratum, minlength=int(stratum.max(initial=0)) + 1)
        return cls(
            stratum, company, size, able, peers[stratum], marked, Tally(marker * len(keys) + of)
        )

    def meetings(self) -> Meetings:
        """Pairs of able companies with their common strata; a bid is a place in `able`."""
        stratum, company = self.stratum[self.able], self.company[self.able]
        lots, most = int(stratum.max(initial=0)) + 1, max(len(stratum), 2)
        return meetings(
            bidding(
                stratum, company, lots=lots, companies=int(company.max(initial=0)) + 1,
                min_size=1, max_size=most,
            )
        )  # fmt: skip

    def way(
        self, pair: I64, marker: I64, drawer: I64, pairs: int
    ) -> tuple[I64, I64, F64, BOOL, Tail]:
        """Hits, draws, expected hits, whether chance had a choice, and the tail, per pair."""
        population, marked = self.peers[marker] - self.size[marker], self.marked[marker]
        open_ = (marked > 0) & (marked < population)
        pair, marker, drawer = pair[open_], marker[open_], drawer[open_]
        population, marked, drawn = population[open_], marked[open_], self.size[drawer]
        seen = self.marks(marker * len(self.size) + drawer)
        hits = np.bincount(pair, seen, minlength=pairs).astype(np.int64)
        offsets = np.searchsorted(pair, np.arange(pairs + 1))
        tail = hypergeometric_sum_tails(hits, population, marked, drawn, offsets)
        expected = np.bincount(pair, marked * drawn / population, minlength=pairs)
        total = np.bincount(pair, drawn, minlength=pairs).astype(np.int64)
        return hits, total, expected.astype(np.float64), np.diff(offsets) > 0, tail


def common(held: Desks, one: int, two: int) -> tuple[I64, I64]:
    """Purchases of two companies that officials of both decided there, and these officials."""
    mine = np.flatnonzero(np.isin(held.company, (one, two)))
    rows = np.flatnonzero(np.isin(held.purchase, mine))
    purchase, official = held.purchase[rows], held.official[rows]
    people = int(held.official.max(initial=0)) + 1
    cell = held.stratum[purchase] * people + official
    first = held.company[purchase] == one
    both = np.isin(cell, np.intersect1d(cell[first], cell[~first]))
    return np.unique(purchase[both]), np.unique(official[both])


def rows_of(
    snap: Snapshot, held: Desks, asked: Sequence[tuple[I64, I64]]
) -> list[list[Mapping[str, Any]]]:
    """Award and decision rows of purchases and officials, for evidence; in content order.

    Args:
        snap: What they are in.
        held: Its purchases.
        asked: Purchases and officials, as `common` gives them.
    """
    found: list[list[Mapping[str, Any]]] = [[] for _ in asked]
    if not asked:
        return found
    people = pa.array(snap.ids("person"), pa.string())
    sizes = [len(purchases) for purchases, _ in asked], [len(officials) for _, officials in asked]
    purchases, officials = (np.concatenate(part) for part in zip(*asked, strict=True))
    place = np.arange(len(asked))
    what = pa.table({"place": np.repeat(place, sizes[0]), "row": held.row[purchases]})
    who = pa.table({"place": np.repeat(place, sizes[1]), "person_id": people.take(officials)})
    for row in snap.sql(_EVIDENCE, what=what, who=who).to_pylist():
        found[row.pop("place")].append(row)
    return found


def _read(snap: Snapshot) -> Desks:
    rows = snap.sql(_PURCHASES)
    order = np.argsort(rows["row"].to_numpy())  # the order of content
    names = ("row", "head", "company", "body", "niche", "fine", "method", "day", "year")
    columns = {name: rows[name].to_numpy().astype(np.int32)[order] for name in names}
    amount = np.asarray(rows["amount"].to_numpy(), np.float64)[order]
    cell = _dense(columns["body"], columns["niche"], columns["year"] // _YEARS)
    count = int(columns["row"].max(initial=-1)) + 1
    enough = np.zeros(count, dtype=bool)
    enough[columns["row"]] = np.bincount(cell)[cell] >= _FEWEST
    kept = np.flatnonzero(enough[columns["head"]])
    row, head = columns["row"][kept], columns["head"][kept]
    signed = snap.sql(_SIGNATURES, purchases=pa.table({"row": row, "place": head}))
    wide = max(snap.subjects("person"), 1)
    found = distinct(signed["place"].to_numpy() * np.int64(wide) + signed["person"].to_numpy())
    of, official = found // wide, found % wide
    deciders = np.bincount(of, minlength=count)
    kept = kept[(row == head) & (deciders[head] > 0)]
    kept = kept[~_repeated({n: c[kept] for n, c in columns.items()})]
    columns = {n: c[kept] for n, c in columns.items()}
    stratum = np.full(count, -1, np.int64)
    company = np.zeros(count, np.int64)
    stratum[columns["row"]] = _strata(columns, deciders[columns["row"]] > 1, amount[kept])
    company[columns["row"]] = columns["company"]
    keep = stratum[of] >= 0
    of, official = of[keep], official[keep]
    keep = _telling(stratum, company, of, official)
    return _packed(company, stratum, of[keep], official[keep])


def _repeated(columns: Mapping[str, I32]) -> BOOL:
    """Purchases so soon after one of the same kind that they are the same decision."""
    day = columns["day"]
    alike = _dense(columns["body"], columns["company"], columns["fine"])
    order = np.lexsort((day, alike))
    again = np.zeros(len(day), dtype=bool)
    again[order[1:]] = (np.diff(alike[order]) == 0) & (np.diff(day[order]) <= _REPEAT_DAYS)
    return again


def _strata(columns: Mapping[str, I32], several: BOOL, amount: F64) -> I64:
    """The peers of each purchase; -1 where there are too few."""
    out = np.full(len(several), -1, np.int64)
    cell = _dense(columns["body"], columns["niche"], columns["year"] // _YEARS, several)
    enough = np.flatnonzero(np.bincount(cell)[cell] >= _FEWEST) if len(cell) else cell
    if len(enough):
        kind = _dense(columns["method"][enough], value_band(amount[enough]) + 1000)
        finer = {"fine": columns["fine"][enough], "year": columns["year"][enough], "kind": kind}
        strata = make_strata({"cell": cell[enough], **finer}, min_count=_PEERS)
        out[enough] = strata.ids
    return out


def _dense(*columns: npt.NDArray[Any]) -> I64:
    """One code for several codes, none below zero, together."""
    key = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        wide = int(column.max(initial=0)) + 1
        if int(key.max(initial=0)) >= 2**62 // wide:
            key = np.unique(key, return_inverse=True)[1]
        key = key * wide + column
    return np.unique(key, return_inverse=True)[1]


def _telling(stratum: I64, company: I64, purchase: I64, official: I64) -> BOOL:
    """Signatures of officials who decided several purchases of a stratum, and not nearly all."""
    people = int(official.max(initial=0)) + 1
    strata = int(stratum.max(initial=-1)) + 1
    inside = stratum >= 0
    peers = np.bincount(stratum[inside], minlength=strata)
    wide = int(company.max(initial=0)) + 1
    firms = np.bincount(
        distinct(stratum[inside] * wide + company[inside]) // wide, minlength=strata
    )
    cells, cell = np.unique(stratum[purchase] * people + official, return_inverse=True)
    many = np.bincount(cell, minlength=len(cells))
    of = cells // people
    tells = (many >= 2) & (many <= _MOSTLY * peers[of])
    signed = np.bincount(of, np.where(tells, many, 0) * firms[of], minlength=strata)
    work = np.where(signed > 0, signed + firms.astype(np.float64) ** 2, 0.0)
    # Strata in which everybody meets everybody would cost more than all others.
    each, strata_of = np.unique(work, return_counts=True)
    most = np.searchsorted(np.cumsum(each * strata_of), _WORK, side="right") - 1
    limit = each[max(int(most), 0)] if len(each) else 0.0
    return np.asarray((tells & (work <= limit)[of])[cell])


def _packed(company: I64, stratum: I64, purchase: I64, official: I64) -> Desks:
    """Only strata with a signature that tells, numbered anew, purchases in their order."""
    used = np.unique(stratum[purchase])
    at = np.searchsorted(used, stratum)
    known = at < len(used)
    known[known] = used[at[known]] == stratum[known]
    rows = np.flatnonzero(known)
    rows = rows[np.lexsort((rows, at[rows]))]
    place = np.full(len(stratum), -1, np.int64)
    place[rows] = np.arange(len(rows))
    order = np.lexsort((official, place[purchase]))
    return Desks(
        rows, company[rows], at[rows].astype(np.int64), place[purchase][order], official[order]
    )  # fmt: skip


# A row of `wins` that stands for itself, or for all awards of a tender that one company won.
_PURCHASES = f"""WITH t AS (
        SELECT tender_id, min(rowid) AS row FROM wins WHERE tender_id IS NOT NULL
        GROUP BY tender_id HAVING count(*) > 1
    ), many AS (
        SELECT w.rowid AS row, min(t.row) OVER tender AS head,
            min((w.company_id, w.buyer_id)) OVER tender = max((w.company_id, w.buyer_id))
                OVER tender AND max(w.members) OVER tender = 1 AS alone
        FROM wins w JOIN t USING (tender_id) WINDOW tender AS (PARTITION BY w.tender_id)
    ),
    c AS (SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies),
    b AS (SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body FROM bodies),
    k AS (
        SELECT category, row_number() OVER (ORDER BY category) - 1 AS fine,
            dense_rank() OVER (ORDER BY {CATEGORY.format("category")}) - 1 AS niche
        FROM wins GROUP BY category
    ),
    m AS (SELECT method, row_number() OVER (ORDER BY method) - 1 AS code FROM wins GROUP BY method)
    SELECT w.rowid AS row, coalesce(many.head, w.rowid) AS head, c.company, b.body, k.niche, k.fine,
        m.code AS method, w.year, date_diff('day', DATE '1970-01-01', w.awarded_on) AS day,
        w.amount::DOUBLE AS amount FROM wins w JOIN c USING (company_id)
    JOIN b ON b.body_id = w.buyer_id JOIN k ON k.category IS NOT DISTINCT FROM w.category
    JOIN m ON m.method IS NOT DISTINCT FROM w.method
    LEFT JOIN many ON many.row = w.rowid
    WHERE w.members = 1 AND coalesce(many.alone, true)"""
_SIGNED = """signed AS (
        SELECT a.place, d.person_id, d.row_key, d.certainty FROM decisions d JOIN a USING (award_id)
        WHERE NOT coalesce(d.recused, false)
        UNION ALL
        SELECT a.place, d.person_id, d.row_key, d.certainty FROM decisions d
        JOIN (SELECT DISTINCT place, tender_id FROM a) a ON a.tender_id = d.tender_id
        WHERE d.award_id IS NULL AND NOT coalesce(d.recused, false)
    )"""
_SIGNATURES = f"""WITH a AS (
        SELECT p.place, w.award_id, w.tender_id FROM wins w JOIN purchases p ON p.row = w.rowid
    ), {_SIGNED}, o AS (
        SELECT person_id, row_number() OVER (ORDER BY person_id) - 1 AS person FROM people
    )
    SELECT s.place, o.person FROM signed s JOIN o USING (person_id)"""
_EVIDENCE = f"""WITH head AS (
        SELECT p.place, w.award_id, w.tender_id FROM wins w JOIN what p ON p.row = w.rowid
    ), a AS (
        SELECT h.place, w.* FROM wins w JOIN head h USING (award_id)
        UNION
        SELECT h.place, w.* FROM wins w JOIN head h ON h.tender_id = w.tender_id
    ), {_SIGNED}
    SELECT place, 'awards' AS "table", row_key, award_id AS id, buyer_id, amount, currency,
        company_id, awarded_on, NULL AS person_id, NULL AS certainty FROM a
    UNION ALL
    SELECT DISTINCT s.place, 'decisions', s.row_key, '', NULL, NULL, NULL, NULL, NULL, s.person_id,
        s.certainty
    FROM signed s JOIN who o ON o.place = s.place AND o.person_id = s.person_id
    ORDER BY ALL"""
