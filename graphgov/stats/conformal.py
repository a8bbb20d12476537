"""Conformal p-values: any score, calibrated against mostly clean units (recipe S-CONF)."""

import numpy as np
import numpy.typing as npt

from graphgov.stats.exact import FLOAT, Tail
from graphgov.stats.peers import peer_tail


def conformal_p(scores: npt.ArrayLike, calibration: npt.ArrayLike) -> FLOAT:
    """(1 + number of calibration scores at least as high) / (m + 1), per score.

    Calibration units must not have been used in fitting; contamination makes it conservative.
    NaN scores give NaN; an empty calibration set gives 1.
    """
    s = np.asarray(scores, dtype=np.float64)
    base = np.asarray(calibration, dtype=np.float64)
    base = np.sort(base[~np.isnan(base)])
    at_least = len(base) - np.searchsorted(base, s, side="left")
    return np.where(np.isnan(s), np.nan, (1 + at_least) / (len(base) + 1))


def conformal_p_within(
    scores: npt.ArrayLike,
    strata: npt.ArrayLike,
    calibration: npt.ArrayLike,
    calibration_strata: npt.ArrayLike,
    *,
    min_count: int = 100,
) -> FLOAT:
    """Conformal p-values against the same stratum where it has enough calibration units.

    Strata with fewer are pooled, after their scores were set to the median and the
    interquartile range of their calibration units.

    Args:
        scores: Higher is stranger.
        strata: Stratum per score.
        calibration: Scores of held-out units.
        calibration_strata: Stratum per calibration unit.
        min_count: Calibration units below which a stratum is pooled.
    """
    s, g = np.asarray(scores, dtype=np.float64), np.asarray(strata)
    base, h = np.asarray(calibration, dtype=np.float64), np.asarray(calibration_strata)
    known = ~np.isnan(base)
    base, h = base[known], h[known]
    out = np.full(len(s), np.nan)
    pooled_s, pooled_base = np.zeros(len(s), dtype=bool), [np.empty(0)]
    level = np.zeros(len(s))
    overall = _centre(base)
    for stratum in np.unique(np.concatenate([g, h])):
        own, mine = base[h == stratum], g == stratum
        if len(own) >= min_count:
            out[mine] = conformal_p(s[mine], own)
            continue
        middle, spread = _centre(own) if len(own) >= 5 else overall
        pooled_s |= mine
        level[mine] = (s[mine] - middle) / spread
        pooled_base.append((own - middle) / spread)
    out[pooled_s] = conformal_p(level[pooled_s], np.concatenate(pooled_base))
    return out


def _centre(values: FLOAT) -> tuple[float, float]:
    if len(values) == 0:
        return 0.0, 1.0
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(middle), float(high - low) or 1.0


def held_out_ranks(scores: npt.ArrayLike, strata: npt.ArrayLike, *, min_count: int = 100) -> Tail:
    """Conformal p-values of units that are each other's calibration: ranks, the unit counted once.

    For scores by a model that has seen none of these units. `p` is (1 + number of others at
    least as high) / (1 + number of others); small strata are pooled as in `conformal_p_within`.

    Args:
        scores: Higher is stranger; none may be NaN.
        strata: Stratum per score.
        min_count: Units below which a stratum is pooled.
    """
    s, g = np.asarray(scores, dtype=np.float64), np.asarray(strata)
    level, pool = s.copy(), np.full(len(s), -1, dtype=np.int64)
    overall = _centre(s)
    for place, stratum in enumerate(np.unique(g)):
        mine = g == stratum
        if mine.sum() >= min_count:
            pool[mine] = place
            continue
        middle, spread = _centre(s[mine]) if mine.sum() >= 5 else overall
        level[mine] = np.round((s[mine] - middle) / spread, 9)
    return peer_tail(level, pool + 1, np.arange(len(s)))
