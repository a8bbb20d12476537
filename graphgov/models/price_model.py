"""A supervised model of collusive prices: boosted trees and random trees, cross-fitted.

Nothing is shipped trained. Lots with labels are split into folds; for each fold the members are
fitted on the rest, so that every labelled lot has a probability from models that never saw it.
These held-out probabilities give the weights of the members and the calibration, market by
market, and are what a new lot's probability is ranked among; a new lot's is the mean over folds.
Lots are brought into the order of their prices first: the order of files or ids says nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logit

from graphgov.models.price_features import FEATURES, REPEATS, features, group_of, repeats
from graphgov.stats.screens import Ladders

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
BOOL = npt.NDArray[np.bool_]

MEMBERS = (
    "boosted trees of the market",
    "the same without repeated prices",
    "logistic regression of the market",
    "boosted trees of all markets",
    "random trees of all markets",
)
_OWN = 150  # lots with labels from which a market gets boosted trees of its own
_EACH = 30  # of either label
_CLIP = 1e-3
_BITS = 8  # markets that random trees tell apart in one cut
_SHORT = [(*FEATURES, *REPEATS).index(name) for name in (
    "count", "cv", "spread", "gap", "rd", "rdnor", "rdalt", "kurtosis", "skewness", "ks",
    "log_mean", "log_low", "log_sd", "gap_2", "last_gap", "low_of_mean", "log_range", *REPEATS,
)]  # fmt: skip
_PRIOR = 8.0  # lots' worth of belief in equal weights and honest probabilities


@dataclass(frozen=True)
class Effort:
    """How much is fitted.

    Attributes:
        folds: Members of each kind.
        rounds: Of boosting.
        trees: Random ones per fold.
        seed: Of everything drawn.
    """

    folds: int = 6
    rounds: int = 120
    trees: int = 150
    seed: int = 0


@dataclass(frozen=True, eq=False)
class _Fold:
    """Members fitted without one fold, and what the rest knew of repeated prices."""

    own: Mapping[int, tuple[Any, ...]]
    pooled: Any
    random: Any
    known: "Known"


@dataclass(frozen=True, eq=False)
class Known:
    """Lots with labels as features are made from them."""

    bids: Ladders
    market: I64
    collusive: BOOL


@dataclass(frozen=True, eq=False)
class PriceModel:
    """What was learnt from labelled lots.

    Attributes:
        market: Codes of the markets that have labels.
        held_out: Calibrated probability of each labelled lot, from models that never saw it, in
            the order it was given; NaN for lots with one bid.
        weights: Per market: what a member's log-odds count, the last entry a constant.
        usual: Per market: the median of every feature over clean lots.
    """

    market: I64
    held_out: F64
    weights: Mapping[int, F64]
    usual: Mapping[int, F64]
    _folds: tuple[_Fold, ...]

    def probability(self, bids: Ladders, market: I64) -> F64:
        """Calibrated probability that a lot's prices are like those of collusive ones.

        NaN where a market has no labels or a lot fewer than two bids.

        Args:
            bids: Of each lot.
            market: Code per lot.
        """
        raw = self.raw(bids, market)
        speaks = np.isin(market, self.market) & (bids.count >= 2)
        return np.where(speaks, _weighed(raw, market, self.weights), np.nan)

    def raw(self, bids: Ladders, market: I64) -> F64:
        """Probability per lot and member, before weights and calibration; any market."""
        base = features(bids)
        total = np.zeros((len(bids), len(MEMBERS)))
        for fold in self._folds:
            total += _members(fold, _table(base, bids, market, fold.known), market)
        return np.asarray(total / len(self._folds))

    def without(self, bids: Ladders, market: I64) -> dict[str, F64]:
        """What the probability would be if one group of features were as usual, by group.

        Args:
            bids: Of each lot, in markets that have labels.
            market: Code per lot.
        """
        base = features(bids)
        names = [group_of(name) for name in (*FEATURES, *REPEATS)]
        usual = np.array([self.usual[int(m)] for m in market])
        found = {}
        for group in dict.fromkeys(names):
            columns = np.array([name == group for name in names])
            total = np.zeros((len(bids), len(MEMBERS)))
            for fold in self._folds:
                table = _table(base, bids, market, fold.known)
                total += _members(fold, np.where(columns, usual, table), market)
            found[group] = _weighed(total / len(self._folds), market, self.weights)
        return found


def train(bids: Ladders, market: I64, collusive: BOOL, effort: Effort | None = None) -> PriceModel:
    """A model from lots with labels.

    Lots with one bid teach only which prices were asked before.

    Args:
        bids: Of each lot.
        market: Code per lot, 0 or more.
        collusive: Label per lot.
        effort: How much is fitted.
    """
    effort = effort or Effort()
    order = content_order(bids, market, collusive)
    bids, market, collusive = taken(bids, order), market[order], collusive[order]
    base, many = features(bids), bids.count >= 2
    fold = fold_of(market, collusive, many, folds=effort.folds, seed=effort.seed)
    raw = np.full((len(bids), len(MEMBERS)), np.nan)
    made, filled = [], np.full((len(bids), len(FEATURES) + len(REPEATS)), np.nan)
    for k in range(effort.folds):
        rest, here = fold != k, (fold == k) & many
        known = Known(bids.take(rest), market[rest], collusive[rest])
        table = np.full((len(bids), len(FEATURES) + len(REPEATS)), np.nan)
        table[here] = _table(base[here], bids.take(here), market[here], known)
        for j in range(effort.folds):  # what is learnt from must not have seen itself
            inner = (fold == j) & many
            if j != k:
                seen = rest & (fold != j)
                others = Known(bids.take(seen), market[seen], collusive[seen])
                table[inner] = _table(base[inner], bids.take(inner), market[inner], others)
        learn = rest & many
        fitted = _fit(table[learn], market[learn], collusive[learn], known, effort, k)
        raw[here] = _members(fitted, table[here], market[here])
        made.append(fitted)
        filled[here] = table[here]
    weights = {
        int(m): _weights(raw[many & (market == m)], collusive[many & (market == m)])
        for m in np.unique(market[many])
    }
    held_out = np.full(len(bids), np.nan)
    held_out[order[many]] = _weighed(raw[many], market[many], weights)
    usual = {m: _medians(filled[many & (market == m) & ~collusive]) for m in weights}
    return PriceModel(np.unique(market[many]), held_out, weights, usual, tuple(made))


def _medians(table: F64) -> F64:
    """Of each column; NaN where it holds nothing."""
    known = ~np.isnan(table).all(axis=0)
    out = np.full(table.shape[1], np.nan)
    if len(table):
        out[known] = np.nanmedian(table[:, known], axis=0)
    return out


def _table(base: F64, bids: Ladders, market: I64, known: Known) -> F64:
    more = repeats(bids, market, known.bids, known.market, known.collusive)
    return np.column_stack([base, more])


def _fit(
    table: F64, market: I64, collusive: BOOL, known: Known, effort: Effort, fold: int
) -> _Fold:
    from sklearn.ensemble import ExtraTreesClassifier
    from threadpoolctl import threadpool_limits

    seed = effort.seed * 1000 + fold * 10
    own: dict[int, tuple[Any, ...]] = {}
    with threadpool_limits(1):  # sums in one order
        for m in np.unique(market):
            mine = market == m
            yes = int(collusive[mine].sum())
            if mine.sum() >= _OWN and min(yes, int(mine.sum()) - yes) >= _EACH:
                own[int(m)] = _fit_own(table[mine], collusive[mine], effort, seed)
        pooled = _boosted(effort, seed + 3, 16, 20, np.column_stack([table, market]), collusive)
        random = ExtraTreesClassifier(
            effort.trees, min_samples_leaf=6, max_features=0.6, random_state=seed, n_jobs=1
        ).fit(_filled(table, market), collusive)
    return _Fold(own, pooled, random, known)


def _boosted(
    effort: Effort, seed: int, leaves: int, least: int, table: F64, collusive: BOOL
) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=effort.rounds, max_leaf_nodes=leaves, min_samples_leaf=least,
        l2_regularization=5.0, max_features=0.3, random_state=seed,
    )  # fmt: skip
    # A feature that no lot has cannot be cut into bins.
    return trees.fit(np.where(np.isnan(table).all(axis=0), 0.0, table), collusive)


def _fit_own(table: F64, collusive: BOOL, effort: Effort, seed: int) -> tuple[Any, ...]:
    """Members of one market: boosted with and without repeated prices, logistic."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer, StandardScaler

    quantiles = QuantileTransformer(
        n_quantiles=min(200, len(table)), output_distribution="normal", random_state=seed
    )
    logistic = make_pipeline(quantiles, StandardScaler(), LogisticRegression(C=0.02, max_iter=300))
    return (
        [_boosted(effort, seed + i, 8, 15, table, collusive) for i in range(2)],
        _boosted(effort, seed + 2, 8, 15, table[:, : len(FEATURES)], collusive),
        logistic.fit(_level(table), collusive),
    )


def _level(table: F64) -> F64:
    """For methods that know no gaps."""
    return np.nan_to_num(table, nan=-9.0, posinf=99.0, neginf=-99.0)


def _filled(table: F64, market: I64) -> F64:
    """What random trees get: few features, which many useless cuts would drown, and the market."""
    codes = market[:, None] == np.arange(_BITS)
    return np.column_stack([_level(table[:, _SHORT]), market, codes])


def _members(fold: _Fold, table: F64, market: I64) -> F64:
    """Probability of each lot by each member; small markets have but the pooled ones."""
    out = np.zeros((len(table), len(MEMBERS)))
    if len(table) == 0:
        return out
    out[:, 3] = fold.pooled.predict_proba(np.column_stack([table, market]))[:, 1]
    out[:, 4] = fold.random.predict_proba(_filled(table, market))[:, 1]
    out[:, :3] = out[:, 3:].mean(axis=1)[:, None]
    for m, (full, plain, logistic) in fold.own.items():
        mine = np.flatnonzero(market == m)
        if len(mine):
            own = table[mine]
            out[mine, 0] = np.mean([one.predict_proba(own)[:, 1] for one in full], axis=0)
            out[mine, 1] = plain.predict_proba(own[:, : len(FEATURES)])[:, 1]
            out[mine, 2] = logistic.predict_proba(_level(own))[:, 1]
    return out


def _weights(raw: F64, collusive: BOOL) -> F64:
    """What each member's log-odds count, and a constant, by regularised maximum likelihood."""
    odds = logit(np.clip(raw, _CLIP, 1 - _CLIP))
    start = np.r_[np.full(raw.shape[1], 1 / raw.shape[1]), 0.0]
    y = collusive.astype(np.float64)

    def loss(w: F64) -> tuple[float, F64]:
        z = odds @ w[:-1] + w[-1]
        p = expit(z)
        away = w - start
        value = float(np.logaddexp(0, z).sum() - y @ z + _PRIOR / 2 * (away @ away))
        return value, np.r_[odds.T @ (p - y), (p - y).sum()] + _PRIOR * away

    bounds = [(0.0, None)] * raw.shape[1] + [(None, None)]
    return np.asarray(minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x)


def _weighed(raw: F64, market: I64, weights: Mapping[int, F64]) -> F64:
    odds = logit(np.clip(raw, _CLIP, 1 - _CLIP))
    out = np.asarray(expit(odds.mean(axis=1)), np.float64)
    for m, w in weights.items():
        mine = market == m
        out[mine] = expit(odds[mine] @ w[:-1] + w[-1])
    return out


def fold_of(market: I64, collusive: BOOL, many: BOOL, *, folds: int, seed: int) -> I64:
    """A fold per lot, each with its share of every market's labels and of lots with many bids.

    Args:
        market: Code per lot.
        collusive: Label per lot.
        many: Whether it has two bids or more.
        folds: How many.
        seed: Of the draw, which follows the order of lots: order them by content first.
    """
    rng = np.random.default_rng(seed)
    out = np.empty(len(market), np.int64)
    for rows in _cells(market, collusive, many):
        start = int(rng.integers(folds))
        out[rng.permutation(rows)] = (start + np.arange(len(rows))) % folds
    return out


def _cells(market: I64, collusive: BOOL, many: BOOL) -> Iterator[I64]:
    key = market * 4 + collusive * 2 + many
    for code in np.unique(key):
        yield np.flatnonzero(key == code)


def content_order(bids: Ladders, market: I64, collusive: BOOL) -> I64:
    """Lots by market, number of bids, prices and label."""
    rows = [
        (int(market[i]), len(p), p.tolist(), bool(collusive[i]), i)
        for i, p in enumerate(np.split(bids.price, bids.first[1:-1]))
    ]
    return np.array([row[-1] for row in sorted(rows)], np.int64)


def taken(bids: Ladders, order: I64) -> Ladders:
    """The lots at some places, in their order."""
    parts = [np.arange(bids.first[i], bids.first[i + 1]) for i in order]
    rows = np.concatenate(parts) if parts else np.empty(0, np.int64)
    first = np.r_[0, np.cumsum(bids.count[order])].astype(np.int64)
    return Ladders(bids.lot[order], first, bids.price[rows], bids.row[rows])
