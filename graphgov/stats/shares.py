"""The share view: what a company would win at a body with the share it has elsewhere.

The unit is a decision: purchases of one kind from one company within a fortnight of each
other, such as weekly bread, count once. A company's line of business is the finest category
with enough awards to speak of. Its share of a line is taken at other bodies, local ones first,
shrunk towards its share of the whole division and the average of the firms in the line, so a
firm alone in a niche is expected to win it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from graphgov.snapshot import Snapshot
from graphgov.stats.spans import F64, FAR, I32, I64, DayCount, Spans, Tally, distinct, slices, sums

PRIOR_AWARDS = 12.0  # weight, in decisions, of what is known from a wider circle
REPEAT_DAYS = 14  # a purchase so soon after its like is the same decision
MIN_LINE = 10  # awards below which a category is joined with its neighbours

# Everything a company took part in, won or not; what is known of no tender was won.
PRESENCE = """(
    SELECT k.tender_id || ' ' || k.lot AS award_id, k.company_id, k.buyer_id, k.awarded_on,
        k.category, k.division, k.region, '' AS row_key,
        CASE WHEN k.lot = '' THEN k.estimated_value END AS amount,  -- that of the whole tender
        coalesce(t.currency, '') AS currency
    FROM contests k LEFT JOIN tenders t USING (tender_id)
    UNION ALL
    SELECT award_id, company_id, buyer_id, awarded_on, category, division, region, '', NULL, ''
    FROM wins WHERE tender_id IS NULL
)"""

_SQL = f"""
WITH rows AS (SELECT * FROM {{source}}), c AS (
    SELECT company_id, row_number() OVER (ORDER BY company_id) - 1 AS company FROM companies
),
b AS (SELECT body_id, row_number() OVER (ORDER BY body_id) - 1 AS body FROM bodies),
k AS (
    SELECT category, division, count(*) AS n FROM rows GROUP BY ALL
),
l AS (
    SELECT category, division, CASE WHEN n >= {MIN_LINE} THEN '=' || category
        WHEN sum(CASE WHEN n < {MIN_LINE} THEN n ELSE 0 END)
            OVER (PARTITION BY division, left(category, 4)) >= {MIN_LINE}
        THEN '4' || left(category, 4)
        ELSE '2' || coalesce(division, '') END AS label
    FROM k
)
SELECT company::INTEGER AS company, body::INTEGER AS body,
    (dense_rank() OVER (ORDER BY coalesce(l.label, '')) - 1)::INTEGER AS line,
    (dense_rank() OVER (ORDER BY coalesce(w.division, '')) - 1)::INTEGER AS division,
    (dense_rank() OVER (ORDER BY coalesce(w.region, '')) - 1)::INTEGER AS region,
    date_diff('day', DATE '1970-01-01', awarded_on)::INTEGER AS day,
    awarded_on - lag(awarded_on) OVER (
        PARTITION BY w.buyer_id, w.company_id, w.category ORDER BY awarded_on, award_id
    ) <= {REPEAT_DAYS} AS repeat,
    award_id, w.row_key, amount, currency
FROM rows w JOIN c USING (company_id) JOIN b ON b.body_id = w.buyer_id
LEFT JOIN l ON l.category IS NOT DISTINCT FROM w.category
    AND l.division IS NOT DISTINCT FROM w.division
ORDER BY award_id, w.company_id
"""


_Lines = tuple[I64, I32, F64, I64]  # query, line, share, purchases


class Shares:
    """Awards as arrays, and what each company would be expected to win.

    Of `PRESENCE` instead of awards: what it would be expected to take part in.

    Attributes:
        company, body, division, region, day: One entry per row of `wins`, in award order.
        first: Rows that are decisions of their own, not repeats within a fortnight.
        days: Awards of a company at a body in a span, and their days added up.
        rows: Award ids, row keys and amounts of the same rows.
        dispersion: Size of the negative binomial of counts around expectations.
    """

    def __init__(self, snap: Snapshot, source: str = "wins") -> None:
        found = snap.sql(_SQL.format(source=source))
        self.company, self.body, self.line, self.division, self.region, self.day = (
            found[name].to_numpy().astype(np.int32)
            for name in ("company", "body", "line", "division", "region", "day")
        )
        repeat = found["repeat"].fill_null(False).to_numpy(zero_copy_only=False).astype(bool)
        # One chunk: a few rows out of many chunks would cost a pass over all of them.
        self.rows = found.select(
            ["award_id", "row_key", "day", "amount", "currency"]
        ).combine_chunks()
        self.companies, self.bodies = snap.subjects("company"), snap.subjects("body")
        self.lines, self.divisions, self.regions = (
            int(values.max()) + 1 if values.size else 1
            for values in (self.line, self.division, self.region)
        )
        self.by_pair = Spans(self.body, self.company, self.day, self.companies)
        self.days = DayCount(self.by_pair, self.day)
        self.first = ~repeat
        self._last: tuple[I32, I32, _Lines] | None = None
        self._tally(self.first)
        self.dispersion = self._fit_dispersion()

    def _tally(self, first: np.ndarray) -> None:
        company, body, line, division, region = (
            values[first].astype(np.int64)
            for values in (self.company, self.body, self.line, self.division, self.region)
        )
        self.decisions = Spans(
            self.body[first], self.company[first], self.day[first], self.companies
        )
        self._by_line = Spans(self.body[first], self.line[first], self.day[first], self.lines)
        self._home = np.zeros(self.bodies, np.int64)
        self._home[body[::-1]] = region[::-1]
        self._division_of = np.zeros(self.lines, np.int64)
        self._division_of[line] = division
        own_line, own_division = company * self.lines + line, company * self.divisions + division
        market = line * self.regions + region
        self._own = Tally(own_line)
        self._own_local = Tally(own_line * self.regions + region)
        self._own_here = Tally(own_line * self.bodies + body)
        self._own_division = Tally(own_division)
        self._own_division_here = Tally(own_division * self.bodies + body)
        self._line_here = Tally(body * self.lines + line)
        self._line = np.bincount(line, minlength=self.lines)
        self._local = np.bincount(market, minlength=self.lines * self.regions)
        self._division = np.bincount(division, minlength=self.divisions)
        self._division_here = Tally(division * self.bodies + body)
        self._starts = np.searchsorted(
            self._own.keys, np.arange(self.companies + 1, dtype=np.int64) * self.lines
        )
        self._firms = np.maximum(np.bincount(self._own.keys % self.lines, minlength=self.lines), 1)
        self._division_firms = np.maximum(
            np.bincount(self._own_division.keys % self.divisions, minlength=self.divisions), 1
        )
        firm_market = distinct(market * max(self.companies, 1) + company)
        self._local_firms = np.maximum(
            np.bincount(firm_market // max(self.companies, 1), minlength=self.lines * self.regions),
            1,
        )

    def expected(self, body: I32, company: I32, start: I32, end: I32) -> tuple[F64, F64]:
        """Expected decisions in a span and over all days, summed over lines of business.

        Args:
            body: Per query.
            company: Per query.
            start: First day of the span.
            end: Last day.
        """
        query, line, share, bought = self._lines(body, company, None)
        first, last = self._by_line.span(body[query], line, start[query], end[query])
        inside = sums(query, share * (last - first), body.size)
        return inside, sums(query, share * bought, body.size)

    def own_lines(self, body: I32, company: I32) -> tuple[I64, I32, I64, I64]:
        """Lines of business in which each company sold to each body.

        Returns:
            Query and line, ascending; the company's decisions there, and all of the body's.
        """
        query, line = self._lines_of(company)
        key = company[query].astype(np.int64) * self.lines + line
        own = self._own_here(key * self.bodies + body[query]).astype(np.int64)
        kept = own > 0
        query, line, own = query[kept], line[kept], own[kept]
        return query, line, own, self._bought(body[query], line)

    def purchases_in(self, body: I32, line: I32, start: I32, end: I32) -> tuple[I64, I64]:
        """Places of a body's decisions in a line in a span, in order of body, line and day."""
        return self._by_line.span(body, line, start, end)

    def expected_in(
        self, body: I32, company: I32, spans: Sequence[tuple[I32, I32]], apart: I32
    ) -> list[F64]:
        """Expected decisions in each of several spans, another body left out as well.

        Args:
            body: Per query.
            company: Per query.
            spans: First and last days per query, each pair a span of its own.
            apart: A second body per query that says nothing of the company's share, such as
                one at which the company was chosen to be looked at.
        """
        query, line, share, _ = self._lines(body, company, apart)
        found = []
        for start, end in spans:
            first, last = self._by_line.span(body[query], line, start[query], end[query])
            found.append(sums(query, share * (last - first), body.size))
        return found

    def _lines(self, body: I32, company: I32, apart: I32 | None) -> _Lines:
        """Each query's lines of business: query, line, share, and purchases of the body."""
        if apart is not None:
            return self._shares_of(body, company, apart)
        last = self._last
        if last is not None and last[0] is body and last[1] is company:
            return last[2]  # the same pairs, asked about in another span
        # Many officials serve at one body: each pair is looked up once.
        firms = max(self.companies, 1)
        pairs, of = np.unique(body.astype(np.int64) * firms + company, return_inverse=True)
        once, line, share, bought = self._shares_of(
            (pairs // firms).astype(np.int32), (pairs % firms).astype(np.int32), None
        )
        begins = np.searchsorted(once, np.arange(pairs.size + 1))
        low, high = begins[of], begins[of + 1]
        query, row = np.repeat(np.arange(body.size), high - low), slices(low, high)
        found = (query, line[row], share[row], bought[row])
        self._last = (body, company, found)
        return found

    def _shares_of(self, body: I32, company: I32, apart: I32 | None) -> _Lines:
        """The same, looked up query by query."""
        query, line = self._lines_of(company)
        bought = self._bought(body[query], line)
        kept = bought > 0  # nothing is expected where nothing was bought
        query, line, bought = query[kept], line[kept], bought[kept]
        out = [(body[query].astype(np.int64), bought)]
        if apart is not None:
            a = apart[query]
            out.append((a.astype(np.int64), self._bought(a, line)))
        share = self._share(out, company[query].astype(np.int64), line.astype(np.int64))
        return query, line, share, bought

    def _lines_of(self, company: I32) -> tuple[I64, I32]:
        """The lines of business each company sold in anywhere: query and line, ascending."""
        low, high = self._starts[company], self._starts[company + 1]
        query = np.repeat(np.arange(company.size), high - low)
        return query, (self._own.keys[slices(low, high)] % self.lines).astype(np.int32)

    def lines_in(self, body: I32, company: I32, spans: Sequence[tuple[I32, I32]]) -> list[F64]:
        """Purchases of bodies in a company's lines of business, in each of several spans.

        Args:
            body: Per query.
            company: Per query.
            spans: First and last days per query, each pair a span of its own.
        """
        query, line = self._lines_of(company)
        found = []
        for start, end in spans:
            first, last = self._by_line.span(body[query], line, start[query], end[query])
            found.append(sums(query, (last - first).astype(np.float64), body.size))
        return found

    def _bought(self, body: I32, line: I32) -> I64:
        """Purchases of bodies in lines, over all days."""
        return self._line_here(body.astype(np.int64) * self.lines + line).astype(np.int64)

    def expected_until(self, body: I32, company: I32, days: list[int]) -> list[F64]:
        """Expected decisions up to some days, inclusive, at the price of one look at shares.

        Args:
            body: Per query.
            company: Per query.
            days: Days since 1970; one array comes back for each.
        """
        query, line = self._lines_of(company)
        b, s = body[query], company[query]
        far = np.full(b.size, FAR, np.int32)
        begin, finish = self._by_line.span(b, line, -far, far)
        share = self._share(
            [(b.astype(np.int64), finish - begin)], s.astype(np.int64), line.astype(np.int64)
        )
        out = []
        for day in days:
            _, last = self._by_line.span(b, line, -far, np.full(b.size, day, np.int32))
            out.append(sums(query, share * (last - begin), body.size))
        return out

    def _share(self, out: list[tuple[I64, I64]], s: I64, line: I64) -> F64:
        """The share of a line won at other bodies, shrunk from wide to local.

        Args:
            out: The body, then others to leave out, each with its purchases in the line.
            s: Company.
            line: Its line of business.
        """
        division = self._division_of[line]
        own, own_division = s * self.lines + line, s * self.divisions + division
        wide = _shrunk(
            self._own_division(own_division)
            - sum(self._own_division_here(own_division * self.bodies + b) for b, _ in out),
            self._division[division]
            - sum(self._division_here(division * self.bodies + b) for b, _ in out),
            1.0 / self._division_firms[division],
        )
        here = [self._own_here(own * self.bodies + b) for b, _ in out]
        in_line = _shrunk(
            self._own(own) - sum(here),
            self._line[line] - sum(bought for _, bought in out),
            np.maximum(wide, 1.0 / self._firms[line]),
        )
        home = self._home[out[0][0]]
        market = line * self.regions + home
        local = [self._home[b] == home for b, _ in out]
        return _shrunk(
            self._own_local(own * self.regions + home)
            - sum(n * near for n, near in zip(here, local, strict=True)),
            self._local[market]
            - sum(bought * near for (_, bought), near in zip(out, local, strict=True)),
            np.maximum(in_line, 1.0 / self._local_firms[market]),
        )

    def _fit_dispersion(self) -> float:
        """Size of the negative binomial, by moments over pairs expected to meet once or more."""
        pair = distinct(self.body.astype(np.int64) * self.companies + self.company)
        if pair.size < 30:
            return 1.0
        body = (pair // self.companies).astype(np.int32)
        company = (pair % self.companies).astype(np.int32)
        far = np.full(body.size, FAR, np.int32)
        _, mean = self.expected(body, company, -far, far)
        low, high = self.decisions.span(body, company, -far, far)
        seen = (high - low).astype(np.float64)
        # The few largest counts are what is looked for: they do not define what is usual.
        use = (mean >= 1) & (seen <= np.quantile(seen, 0.995))
        if use.sum() < 30:
            return 1.0
        excess = np.sort(((seen - mean) ** 2 - mean)[use]).sum()
        rate = float(excess / np.sort(mean[use] ** 2).sum())
        return float(np.clip(1.0 / max(rate, 1e-3), 0.3, 50.0))


def _shrunk(wins: F64, awards: npt.NDArray[Any], prior: F64) -> F64:
    """A share, pulled towards a prior that weighs `PRIOR_AWARDS` decisions."""
    total = np.maximum(awards, 0.0) + PRIOR_AWARDS
    return np.asarray((np.clip(wins, 0.0, None) + PRIOR_AWARDS * prior) / total)
