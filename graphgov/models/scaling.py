"""Features set to the median and spread of their peers, and scores no unit defines for itself."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from graphgov.stats.conformal import held_out_ranks
from graphgov.stats.exact import Tail

F64 = npt.NDArray[np.float64]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
PRIOR = 3.0  # weight, in trials, of the usual share: one of one is not all
_FLOOR, _CEILING = -1.0, 8.0  # in spreads; the benign side is not strange
ORDINARY = 0.5  # p-value from which a unit is an ordinary peer


def shrunk(share: F64, trials: F64) -> F64:
    """Shares pulled towards the usual one, which weighs `PRIOR` trials; NaN without a trial."""
    known = np.isfinite(share) & (trials > 0)
    if not known.any():
        return share
    hits = np.round(share[known] * trials[known])
    usual = float(hits.sum() / trials[known].sum())
    out = np.full_like(share, np.nan)
    out[known] = (hits + PRIOR * usual) / (trials[known] + PRIOR)
    return out


def standardised(scaled: F64, raw: F64, stratum: I32) -> tuple[F64, F64]:
    """Medians of the raw features, and features in spreads from their stratum's median.

    What is missing is put at the median: it says nothing about the unit.
    """
    x, median = np.zeros_like(scaled), np.zeros_like(raw)
    order = np.argsort(stratum, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(stratum[order])) + 1):
        for i in range(scaled.shape[1]):
            known = rows[np.isfinite(scaled[rows, i])]
            if len(known) == 0:
                median[rows, i] = np.nan
                continue
            low, middle, high = np.quantile(scaled[known, i], [0.25, 0.5, 0.75])
            # A feature that most peers share to the digit still has some spread.
            spread = max((high - low) / 1.349, 0.5 * float(scaled[known, i].std()), 0.02)
            x[known, i] = np.clip((scaled[known, i] - middle) / spread, _FLOOR, _CEILING)
            median[rows, i] = np.median(raw[known, i])
    return median, np.round(x, 9)


def by_halves(
    x: F64, half: I64, stratum: I32, fit: Callable[[F64], Callable[[F64], F64]]
) -> tuple[F64, Tail, list[Callable[[F64], F64]]]:
    """Scores by the model of the other half, and their ranks in the own half and stratum.

    So no unit is scored by a model that has seen it, nor takes part in its own peers.

    Args:
        x: Features per unit.
        half: 0 or 1 per unit; what belongs together lies in one half.
        stratum: Stratum per unit.
        fit: Makes of some units what scores others.

    Returns:
        Scores, their tails, whose `p` is a conformal p-value, and the model that scores each half.
    """
    score, above, at = np.zeros(len(x)), np.zeros(len(x)), np.ones(len(x))
    models = []
    for own in (0, 1):
        rows = np.flatnonzero(half == own)
        others = x[half != own]
        model = fit(others if len(others) else x)
        models.append(model)
        if len(rows):
            score[rows] = np.round(model(x[rows]), 9)
            ranks = held_out_ranks(score[rows], stratum[rows])
            above[rows], at[rows] = ranks.above, ranks.at
    return score, Tail(above, at), models


def strangest(score: F64, p_value: F64, top_share: float) -> I64:
    """The rows to flag, strangest first."""
    order = np.lexsort((np.arange(len(score)), -score, p_value))
    return order[: int(np.ceil(top_share * len(score)))]
