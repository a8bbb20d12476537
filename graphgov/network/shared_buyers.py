"""Whether companies under one hand win at the same bodies more than their trades explain.

What is counted are links: a company won at a body in a category, once however often.
Of the links of its stratum (category and region) those of the second company fall on bodies of
the first by chance; so a loyal customer counts once, and sisters in different lines never meet.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graphgov.network.shared_rivals import CATEGORY
from graphgov.snapshot import Snapshot
from graphgov.stats.exact import Tail
from graphgov.stats.spans import I64, Tally, slices
from graphgov.stats.sums import hypergeometric_sum_tails

F64 = npt.NDArray[np.float64]
COLUMNS = (
    "awards.category", "awards.region", "awards.status", "awards.tender_id", "awards.currency",
    "tenders.category", "tenders.region", "bodies.region", "bodies.name", "rates.*",
)  # fmt: skip
_LINKS = f"""WITH c AS (
        SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies
    ), b AS (
        SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body FROM bodies
    ), s AS (
        SELECT company_id, buyer_id,
            dense_rank() OVER (ORDER BY {CATEGORY.format("category")}, coalesce(region, '')) - 1
                AS stratum
        FROM wins
    )
    SELECT DISTINCT c.company, s.stratum, b.body FROM s JOIN c USING (company_id)
    JOIN b ON b.body_id = s.buyer_id ORDER BY c.company, s.stratum, b.body"""


@dataclass(frozen=True, eq=False)
class SharedBuyers:
    """The test of each pair.

    Args:
        shared: Bodies and categories in which both won.
        expected: How many chance would give.
        tail: The chance of as many.
        testable: Both won in some stratum.
    """

    shared: I64
    expected: F64
    tail: Tail
    testable: npt.NDArray[np.bool_]


def shared_buyers(snap: Snapshot, a: I64, b: I64) -> SharedBuyers:
    """Where pairs of companies both won, against chance.

    Args:
        snap: Whose wins.
        a: Codes of the first companies.
        b: Codes of the second ones.
    """
    rows = snap.sql(_LINKS)
    company, stratum, body = (
        rows[name].to_numpy().astype(np.int64) for name in ("company", "stratum", "body")
    )
    bodies = int(body.max(initial=0)) + 1
    strata = int(stratum.max(initial=0)) + 1
    place = stratum * bodies + body
    begins = np.searchsorted(company, np.arange(int(max(a.max(initial=0), b.max(initial=0))) + 2))
    # The company with more links is the one whose bodies are marked.
    swap = np.diff(begins)[a] < np.diff(begins)[b]
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    rows_a, pair_a = _expand(begins, a)
    rows_b, pair_b = _expand(begins, b)
    here = Tally(place)(place[rows_a]).astype(np.int64)
    cells, cell = np.unique(pair_a * strata + stratum[rows_a], return_inverse=True)
    own = np.bincount(cell, minlength=len(cells)).astype(np.int64)
    marked = np.bincount(cell, here - 1, minlength=len(cells)).astype(np.int64)
    drawn = Tally(pair_b * strata + stratum[rows_b])(cells).astype(np.int64)
    population = np.bincount(stratum, minlength=strata)[cells % strata] - own
    pair = cells // strata
    width = np.int64(strata) * bodies
    both = np.isin(pair_b * width + place[rows_b], pair_a * width + place[rows_a])
    shared = np.bincount(pair_b[both], minlength=len(a)).astype(np.int64)
    keep = (drawn > 0) & (population > 0)
    pair, marked, drawn, population = pair[keep], marked[keep], drawn[keep], population[keep]
    offsets = np.searchsorted(pair, np.arange(len(a) + 1))
    expected = np.bincount(pair, marked * drawn / population, minlength=len(a))
    tail = hypergeometric_sum_tails(shared, population, marked, drawn, offsets)
    testable = np.diff(offsets) > 0
    return SharedBuyers(shared, np.asarray(expected, dtype=np.float64), tail, testable)


def _expand(begins: I64, company: I64) -> tuple[I64, I64]:
    low, high = begins[company], begins[company + 1]
    return slices(low, high), np.repeat(np.arange(len(company)), high - low)
