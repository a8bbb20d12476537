"""Companies hardly founded that win many of a body's larger awards at once."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

import numpy as np

from graphgov.config import bounded
from graphgov.detector import Detector, Findings, surprise
from graphgov.schema import Evidence, Flag, Member
from graphgov.snapshot import Snapshot
from graphgov.stats.betas import Beta, fit_beta_binomial
from graphgov.stats.exact import beta_binomial_tail
from graphgov.stats.fdr import benjamini_hochberg
from graphgov.stats.shares import REPEAT_DAYS
from graphgov.stats.spans import F64, I64

_ENOUGH = 300  # pairs of a division from which it says itself what is usual
_ODD, _ROUNDS = 0.01, 4
_LINK_DECADES = 1.0  # a founding that follows an official's arrival
_REST = (
    "not computable, because the company's founding is not known or lies before the data, or "
    "the body bought nothing above the usual size in its first days"
)


@dataclass(frozen=True)
class YoungFirmWindfall(Detector):
    """A company wins larger awards of a body within months of its founding.

    Method: Take the companies founded within the data and the bodies they ever sold to. Count
        the body's awards above the median of their division, year and currency in the
        company's lines in its first **young_days**, and how many of them it won; purchases of
        one kind within a fortnight count once. The chance of as many is beta-binomial, fitted
        on all such pairs, per division where there are enough.
    Example: A cleaning firm is founded four months after a new director came to the hospital,
        and within a year wins six of its nine larger contracts; start-ups win one in ten.
    Why: A firm made for the purpose has no past. Project companies, spin-offs and restructured
        firms are young on paper only.
    Score: Surprise of the p-value, a decade more where the head, a deputy or the procurement
        officer of the body took office in the **link_days** before the founding.
    Skips: Companies with fewer than **min_awards** such awards, or with less than
        **min_share** of their money of that time from the body; state-owned ones.
    Source: Catalogue E12; the age of twelve months follows the index of IMCO.
    """

    code: ClassVar = "E12"
    title: ClassVar = {"en": "Windfall of a young company", "zh": "新设企业骤获大额合同"}
    class_: ClassVar = "statistical"
    subject_kind: ClassVar = "body_company"
    unit: ClassVar = "times the expected awards"
    needs: ClassVar = (
        "awards.buyer_id", "awards.company_id", "awards.awarded_on", "companies.founded_on",
    )  # fmt: skip
    wants: ClassVar = (
        "awards.amount", "awards.currency", "awards.category", "awards.status",
        "awards.tender_id", "tenders.category", "bodies.name", "companies.name",
        "companies.state_owned", "people.name", "rates.*", "offices.*",
    )  # fmt: skip
    sentences: ClassVar = {
        "en": (
            "{company} was founded on {founded}{link[en]:text} and by {last} had won {wins:n} of "
            "the {chances:n} awards above the usual size that {body} made in its lines "
            "({first} to {last}, {amounts:money}), where young companies win {expected:times}; "
            "{share:pct} of its money of that time came from there.",
            "Project companies, spin-offs and restructured firms are young on paper only; look at "
            "who founded {company} and what it was before.",
        ),
        "zh": (
            "{company}成立于{founded}{link[zh]:text}，至{last}已在{body}同类的{chances:n}项较大采购中"
            "中标{wins:n}项（{first}至{last}，{amounts:money}），新企业通常为{expected:times}项；"
            "其同期收入的{share:pct}来自该单位。",
            "项目公司、分立或重组企业只是登记时间较新；请查明{company}的发起人及其前身。",
        ),
    }

    young_days: int = bounded(365, low=30, high=1826)
    link_days: int = bounded(365, low=0, high=1826)
    min_awards: int = bounded(3, low=1, high=100)
    min_share: float = bounded(0.5, low=0.0, high=1.0)
    max_q: float = bounded(0.1, low=0.0, high=1.0)

    def find(self, snap: Snapshot) -> Findings:
        """All pairs of a body and a company that was young in the data."""
        found = snap.sql(_SQL.format(young=self.young_days, repeat=REPEAT_DAYS))
        pairs = snap.subjects("body_company")
        if not found.num_rows:
            return Findings(subjects=pairs, computable=0, reason=_REST)
        k, n = (found[name].to_numpy().astype(np.int64) for name in ("k", "n"))
        division = found["division"].to_pylist()
        alpha, beta = _usual(k, n, np.array(division, dtype=object))
        tail = beta_binomial_tail(k, n, alpha, beta)
        q = benjamini_hochberg(tail.p)
        expected = n * alpha / (alpha + beta)
        hits = np.flatnonzero((k >= self.min_awards) & (q <= self.max_q) & (k > expected))
        flags = []
        for i in hits.tolist():
            row = _Pair(**found.slice(i, 1).to_pylist()[0])
            awards = [_Award(**a) for a in snap.sql(_awards_sql(row)).to_pylist()]
            own = sum((a.amount for a in awards if a.here), Decimal(0))
            money = sum((a.amount for a in awards), Decimal(0))
            share = float(own / money) if money else 1.0
            if share >= self.min_share:
                flags.append(
                    self._flag(snap, row, awards, share, float(expected[i]), tail.p[i], q[i])
                )
        return Findings(
            flags,
            subjects=pairs,
            computable=found.num_rows,
            reason="" if found.num_rows == pairs else _REST,
            p_values=tail.randomised(0),
        )

    def _flag(
        self,
        snap: Snapshot,
        row: "_Pair",
        awards: "list[_Award]",
        share: float,
        expected: float,
        p: F64,
        q: F64,
    ) -> Flag:
        here = [a for a in awards if a.here]
        amounts: dict[str, Decimal] = {}
        for a in {a.award_id: a for a in here}.values():
            amounts[a.currency] = amounts.get(a.currency, Decimal(0)) + a.amount
        officials = snap.sql(_officials_sql(row, self.link_days)).to_pylist()
        official = officials[0] if officials else None
        person = official["person_id"] if official else ""
        decades = -np.log10(max(float(p), 1e-290)) + _LINK_DECADES * bool(official)
        facts: dict[str, Any] = {
            "company": snap.name("company", row.company_id),
            "body": snap.name("body", row.buyer_id),
            "founded": row.founded.isoformat(),
            "link": _link(snap.name("person", person), official["since"] if official else None),
            "official": snap.name("person", person) if person else None,
            "wins": row.k,
            "chances": row.n,
            "expected": round(expected, 4),
            "share": round(share, 4),
            "first": here[0].awarded_on.isoformat(),
            "last": here[-1].awarded_on.isoformat(),
            "amounts": [[c, str(v)] for c, v in sorted(amounts.items())],
        }
        return self.flag(
            (row.buyer_id, row.company_id),
            score=surprise(10.0**-decades),
            value=round(row.k / max(expected, 1e-9), 6),
            p_value=float(p),
            q_value=float(q),
            facts=facts,
            amounts=amounts,
            first_on=here[0].awarded_on,
            last_on=here[-1].awarded_on,
            body_id=row.buyer_id,
            company_id=row.company_id,
            person_id=person,
            evidence=(
                *(Evidence("awards", a.row_key, a.award_id) for a in here),
                Evidence("companies", row.company_key, row.company_id),
                *([Evidence("offices", official["row_key"])] if official else []),
            ),
            members=(
                Member("company", row.company_id, "winner"),
                Member("body", row.buyer_id, "buyer"),
                *([Member("person", person, "official")] if official else []),
                *(Member("award", a.award_id, "award") for a in here),
            ),
        )


class _Pair(NamedTuple):
    """A body and a young company that it bought from at some time."""

    buyer_id: str
    company_id: str
    company_key: str
    founded: date
    grown: date
    division: str
    n: int
    k: int


class _Award(NamedTuple):
    """An award to the young company, at the body (`here`) or elsewhere."""

    award_id: str
    row_key: str
    awarded_on: date
    amount: Decimal
    currency: str
    here: bool


def _usual(k: I64, n: I64, division: Any) -> tuple[F64, F64]:
    """The beta distribution of shares among pairs, of each pair's own division if large."""
    names, place, counts = np.unique(division.astype(str), return_inverse=True, return_counts=True)
    whole = _fit(k, n)
    fits = [
        _fit(k[place == i], n[place == i]) if counts[i] >= _ENOUGH else whole
        for i in range(names.size)
    ]
    return (
        np.array([f.alpha for f in fits])[place],
        np.array([f.beta for f in fits])[place],
    )


def _fit(k: I64, n: I64) -> Beta:
    """A fit that the pairs looked for do not define, where there are more than chance allows."""
    usual = np.ones(k.size, dtype=bool)
    for _ in range(_ROUNDS):
        fit = fit_beta_binomial(k[usual], n[usual])
        odd = beta_binomial_tail(k, n, fit.alpha, fit.beta).p < _ODD
        if odd.sum() <= 2 * _ODD * k.size or np.array_equal(odd, ~usual):
            break
        usual = ~odd
    return fit


def _link(official: str, since: date | None) -> dict[str, str]:
    if since is None:
        return {"en": "", "zh": ""}
    return {
        "en": f", after {official} took office there on {since}",
        "zh": f"（{official}于{since}到该单位任职之后）",
    }


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _awards_sql(row: _Pair) -> str:
    return f"""SELECT award_id, row_key, awarded_on, amount, coalesce(currency, '') AS currency,
        buyer_id = {_quoted(row.buyer_id)} AS here
        FROM wins WHERE company_id = {_quoted(row.company_id)}
            AND awarded_on BETWEEN DATE '{row.founded}' AND DATE '{row.grown}'
        ORDER BY awarded_on, award_id"""


def _officials_sql(row: _Pair, days: int) -> str:
    return f"""SELECT person_id, started_on AS since, row_key FROM offices
        WHERE body_id = {_quoted(row.buyer_id)} AND role IN ('head', 'deputy', 'procurement')
            AND started_on BETWEEN DATE '{row.founded}' - {days} AND DATE '{row.founded}'
            AND coalesce(ended_on, DATE '{row.grown}') > DATE '{row.founded}'
        ORDER BY CASE role WHEN 'head' THEN 0 ELSE 1 END, since DESC, person_id LIMIT 1"""


# Pairs that ever met: to take all bodies would be a test for each of millions that never could.
_SQL = """
WITH d AS (
    SELECT *, coalesce(division, '') AS line, awarded_on - lag(awarded_on) OVER (
        PARTITION BY buyer_id, company_id, category ORDER BY awarded_on, award_id
    ) <= {repeat} AS again
    FROM wins
),
size AS (
    SELECT line, year, currency, quantile_disc(amount, 0.5) AS usual FROM d GROUP BY ALL
),
big AS (
    SELECT d.buyer_id, d.company_id, d.line, d.awarded_on FROM d JOIN size s
        ON s.line = d.line AND s.year = d.year AND s.currency IS NOT DISTINCT FROM d.currency
    WHERE d.amount > s.usual AND NOT coalesce(d.again, false)
),
young AS (
    SELECT company_id, row_key AS company_key, founded_on, founded_on + {young} AS grown
    FROM companies
    WHERE founded_on >= (SELECT min(awarded_on) FROM wins) AND NOT coalesce(state_owned, false)
),
met AS (
    SELECT DISTINCT y.*, buyer_id FROM young y JOIN wins USING (company_id)
),
own AS (SELECT DISTINCT company_id, line FROM d SEMI JOIN young USING (company_id))
SELECT m.buyer_id, m.company_id, m.company_key, m.founded_on AS founded, m.grown,
    min(b.line) AS division, count(*)::INTEGER AS n,
    (count(*) FILTER (WHERE b.company_id = m.company_id))::INTEGER AS k
FROM met m JOIN own USING (company_id)
JOIN big b ON b.buyer_id = m.buyer_id AND b.line = own.line
    AND b.awarded_on BETWEEN m.founded_on AND m.grown
GROUP BY ALL ORDER BY m.buyer_id, m.company_id
"""
