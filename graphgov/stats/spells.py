"""Do a company's wins at a body follow an official's time there, or a habit of their own?

A joint likelihood of when a pair's decisions fell, against three stories:

steady
    The pair meets at a constant multiple of what the company's share elsewhere lets expect.
    How such multiples are spread over honest pairs is fitted on all pairs (nonparametric
    maximum likelihood on a grid; Kiefer and Wolfowitz 1956, Efron 2014), so that incumbents
    and captives, who sell ten times what their share elsewhere would give, are allowed for.
spell
    The pair meets at a raised rate in one stretch of time that has nothing to do with anybody's
    office: supplier habits come and go. How common that is, is fitted too.
favour
    The raised stretch begins with the span asked about, or some months into it, and ends with it.

The answer is a Bayes factor: favour against the other two together. It is fair to a firm with a
steady share, however large, to one with few rivals, and to one whose habit began or ended at
other dates than the official's.
"""

import numpy as np

from graphgov.stats.shares import Shares
from graphgov.stats.spans import F64, FAR, I32, I64, distinct, sums

STEADY = np.geomspace(0.05, 100.0, 23)  # multiples of the expectation
RAISED = np.geomspace(2.0, 100.0, 12)
DELAYS = (0, 90, 270)  # days from the first of a span until favour shows
SLICES = 10  # of the period, each with as many awards, where a spell may begin or end
LEAST = 3  # decisions of a pair from which a spell can be told from steadiness
CAPTIVE = 0.05  # least share of pairs that may be at any multiple above the usual
HABIT = 0.3  # least share of pairs that may meet in a spell of their own
_FIT_FROM = 0.3  # expected decisions of a pair that helps to fit the multiples
_PRIOR_PAIRS = 20.0
_ROUNDS = 60
_BLOCK = 40_000
# Likelihoods of many pairs are read off a table over counts and expectations, to a thousandth.
_FEW, _COUNTS, _LOW, _STEP, _POINTS = 2_000, 64, 1e-3, 0.01, 1_600


class Spells:
    """The three stories, fitted once on a snapshot's awards.

    Attributes:
        weights: Share of honest pairs at each multiple in `STEADY`.
        habit: Share of pairs whose meetings come in a spell.
    """

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        span = max(shares.companies, 1)
        first = shares.first
        pair = shares.body[first].astype(np.int64) * span + shares.company[first]
        self._pair = distinct(pair)
        body, company = _split(self._pair, span)
        far = np.full(body.size, FAR, np.int32)
        _, self._mean = shares.expected(body, company, -far, far)
        low, high = shares.decisions.span(body, company, -far, far)
        self._count = high - low
        self.weights = _fit(self._count, self._mean)
        even = np.full(RAISED.size, 1.0 / RAISED.size)
        self._usual, self._more = _Mixture(STEADY, self.weights), _Mixture(RAISED, even)
        self._steady = self._constant(self._count, self._mean)
        self._spell = self._spells(body, company)
        self.habit = self._fit_habit()

    def _spells(self, body: I32, company: I32) -> F64:
        """Mean likelihood of a raised stretch over all stretches, -inf for small pairs."""
        out = np.full(body.size, -np.inf)
        days = np.sort(self._shares.day)
        if not days.size:
            return out
        edges = np.unique(days[(np.arange(1, SLICES) * days.size) // SLICES])
        rows = np.flatnonzero(self._count >= LEAST)
        for begin in range(0, rows.size, _BLOCK):
            part = rows[begin : begin + _BLOCK]
            counts = [np.zeros(part.size)]
            far = np.full(part.size, FAR, np.int32)
            for edge in edges.tolist():
                end = np.full(part.size, edge, np.int32)
                low, high = self._shares.decisions.span(body[part], company[part], -far, end)
                counts.append((high - low).astype(np.float64))
            until = self._shares.expected_until(body[part], company[part], edges.tolist())
            means = [np.zeros(part.size), *until]
            counts.append(self._count[part].astype(np.float64))
            means.append(self._mean[part])
            found = []
            for i in range(len(counts) - 1):
                for j in range(i + 1, len(counts)):
                    if j - i < len(counts) - 1:
                        n, e = counts[j] - counts[i], means[j] - means[i]
                        found.append(self._raised(n, e, counts[-1] - n, means[-1] - e))
            out[part] = np.logaddexp.reduce(np.stack(found), axis=0) - np.log(len(found))
        return out

    def _raised(self, n_in: F64, e_in: F64, n_out: F64, e_out: F64) -> F64:
        """Log-likelihood of a raised rate inside and an ordinary one outside."""
        e_in, e_out = np.maximum(e_in, 0.0), np.maximum(e_out, 0.0)
        none = np.zeros(e_in.size)

        def both(n: F64, m: F64) -> F64:
            return self._more(n, e_in) + self._usual(m, e_out)

        return both(n_in, n_out) - _log_met(both(none, none), n_in + n_out)

    def _constant(self, count: F64 | I64, mean: F64) -> F64:
        """Log-likelihood of a steady rate."""
        none = self._usual(np.zeros(mean.size), mean)
        return self._usual(count, mean) - _log_met(none, count)

    def _fit_habit(self) -> float:
        use = np.isfinite(self._spell)
        if use.sum() < 30:
            return HABIT
        gain = np.clip(self._spell[use] - self._steady[use], -50.0, 50.0)
        share = HABIT
        for _ in range(_ROUNDS):
            chance = 1.0 / (1.0 + (1.0 - share) / share * np.exp(-gain))
            share = float(np.clip((np.sort(chance).sum() + 3.0) / (chance.size + 10.0), HABIT, 0.9))
        return share

    def log_odds(
        self, body: I32, company: I32, start: I32, end: I32, unit: I64, body_of: I32, firm_of: I32
    ) -> F64:
        """Favour against steady or spell, in natural logs, per unit of one body and company.

        Args:
            body: Per span; spans of a unit are one window.
            company: Per span.
            start: First day, per span.
            end: Last day, per span.
            unit: Unit of each span.
            body_of: Per unit.
            firm_of: Per unit.
        """
        far = np.full(body_of.size, FAR, np.int32)
        mean = self._shares.expected(body_of, firm_of, -far, far)[1]
        count, spell = self._known(body_of, firm_of)
        steady = self._constant(count, mean)
        habit = np.logaddexp(np.log1p(-self.habit) + steady, np.log(self.habit) + spell)
        other = np.where(np.isfinite(spell), habit, steady)
        came = np.full(body_of.size, FAR, np.int64)
        np.minimum.at(came, unit, start)
        stories = []
        for delay in DELAYS:
            begin = np.maximum(start, came[unit] + delay * (came[unit] > -FAR)).astype(np.int32)
            low, high = self._shares.decisions.span(body, company, begin, end)
            inside, _ = self._shares.expected(body, company, begin, end)
            n = sums(unit, (high - low).astype(np.float64), body_of.size)
            e = np.minimum(sums(unit, inside, body_of.size), mean)
            stories.append(self._raised(n, e, np.maximum(count - n, 0.0), mean - e))
        favour = np.logaddexp.reduce(np.stack(stories), axis=0) - np.log(len(DELAYS))
        return np.asarray(favour - other)

    def _known(self, body: I32, company: I32) -> tuple[F64, F64]:
        """Decisions of pairs, and how well a spell of their own explains them."""
        if not self._pair.size:
            return np.zeros(body.size), np.full(body.size, -np.inf)
        pair = body.astype(np.int64) * max(self._shares.companies, 1) + company
        at = np.minimum(np.searchsorted(self._pair, pair), self._pair.size - 1)
        met = self._pair[at] == pair
        return np.where(met, self._count[at], 0.0), np.where(met, self._spell[at], -np.inf)


def of_groups(group: I64, factor: F64, groups: int) -> F64:
    """Factors of units joined: the largest for its choice, and of the others half a chance each.

    That one of several units is favoured, nobody knows which, is worth the mean of their factors,
    so the largest is divided by how many units have anything to say.

    Args:
        group: Of each unit.
        factor: Natural logs; 0 of a unit that says nothing.
        groups: How many groups; one without a unit has 0.
    """
    best = np.full(groups, -np.inf)
    np.maximum.at(best, group, factor)
    also = np.logaddexp(factor, 0.0) - np.log(2.0)
    order = np.lexsort((factor, group))
    last = np.ones(order.size, dtype=bool)
    last[:-1] = np.diff(group[order]) != 0
    rest = np.bincount(group[order], np.where(last, 0.0, also[order]), minlength=groups)
    telling = np.maximum(np.bincount(group, factor != 0, minlength=groups), 1.0)
    return np.where(np.isfinite(best), best - np.log(telling) + rest, 0.0)


def _split(pair: I64, span: int) -> tuple[I32, I32]:
    return (pair // span).astype(np.int32), (pair % span).astype(np.int32)


def _log_met(log_none: F64, count: F64 | I64) -> F64:
    """Log of the chance to have met at all, for pairs that did: only these are looked at."""
    met = np.log(np.maximum(-np.expm1(np.minimum(log_none, 0.0)), 1e-12))
    return np.where(np.asarray(count) > 0, met, 0.0)


class _Mixture:
    """Log of the sum of weight * rate^count * exp(-rate * mean), entry by entry."""

    def __init__(self, rates: F64, weights: F64) -> None:
        self._rates, self._weights = rates, weights
        self._grid = np.exp(np.log(_LOW) + _STEP * np.arange(_POINTS)) - _LOW
        self._table = np.zeros((_COUNTS, _POINTS))
        self._known = np.zeros(_COUNTS, dtype=bool)  # counts whose row is filled in

    def __call__(self, count: F64 | I64, mean: F64) -> F64:
        n, e = np.asarray(count, dtype=np.float64), np.asarray(mean, dtype=np.float64)
        if n.size < _FEW:
            return _exactly(n, e, self._rates, self._weights)
        place = (np.log(e + _LOW) - np.log(_LOW)) / _STEP
        at = np.minimum(place.astype(np.int64), _POINTS - 2)
        usual = (n < _COUNTS) & (place < _POINTS - 1)
        row = np.where(usual, n, 0).astype(np.int64)
        used = np.bincount(row, minlength=_COUNTS) > 0
        for k in np.flatnonzero(used & ~self._known).tolist():
            counts = np.full(_POINTS, float(k))
            self._table[k] = _exactly(counts, self._grid, self._rates, self._weights)
            self._known[k] = True
        part = place - at
        flat = row * _POINTS + at
        table = self._table.ravel()
        found = table[flat] * (1.0 - part) + table[flat + 1] * part
        if not usual.all():
            found[~usual] = _exactly(n[~usual], e[~usual], self._rates, self._weights)
        return np.asarray(found)


def _exactly(n: F64, e: F64, rates: F64, weights: F64) -> F64:
    terms = np.log(weights) + n[:, None] * np.log(rates) - e[:, None] * rates
    top = terms.max(axis=1, initial=-np.inf)
    return np.asarray(top + np.log(np.exp(terms - top[:, None]).sum(axis=1)))


def _fit(count: I64, mean: F64) -> F64:
    """Weights of `STEADY` by EM over pairs that met, which is allowed for (truncation)."""
    base = np.exp(-0.5 * (np.log(STEADY) / 1.2) ** 2) + 0.01
    weights = base / base.sum()
    use = mean >= _FIT_FROM
    if use.sum() < 30:
        return np.asarray(weights)
    n, e = count[use].astype(np.float64), mean[use]
    order = np.lexsort((n, e))  # sums in an order of their own: the same whatever the rows'
    n, e = n[order], e[order]
    rate = e[:, None] * STEADY
    logs = n[:, None] * np.log(rate) - rate - np.log(-np.expm1(-rate))
    likelihood = np.exp(logs - logs.max(axis=1, keepdims=True))
    prior = weights * _PRIOR_PAIRS
    for _ in range(_ROUNDS):
        joint = likelihood * weights
        joint /= joint.sum(axis=1, keepdims=True)
        weights = joint.sum(axis=0) + prior
        weights /= weights.sum()
    # Firms that sell to one body alone have too small an expectation to be fitted on.
    close = (STEADY >= 1.5) / np.count_nonzero(STEADY >= 1.5)
    return np.asarray((1.0 - CAPTIVE) * weights + CAPTIVE * close)
